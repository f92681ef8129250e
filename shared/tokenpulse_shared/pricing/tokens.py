"""The tokens of one request, by kind."""

from typing import NamedTuple


class TokenCounts(NamedTuple):
    """Count a request's tokens; 0 where a count is unknown or there were none.

    `input` includes `cached`, `cache_write` and `audio_input`; `cache_write` includes its one-hour part;
    `output` includes `reasoning` and `audio_output`.
    """

    input: int
    output: int
    cached: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    reasoning: int = 0
    audio_input: int = 0
    audio_output: int = 0


Kinds = tuple[int, int, int, int, int, int, int, int]
"""Counts of disjoint kinds, in the order of the fields of `Rates`."""


def disjoint_kinds(tokens: TokenCounts) -> Kinds | None:
    """Return the counts with every token in one kind: they sum to `input` + `output`.

    None when the counts contradict each other, such as more cached tokens than input: then nobody knows
    which tokens to price as what. This includes audio that was partly served from the cache.
    """
    all_input, all_output, cached, cache_write, cache_write_1h, reasoning, audio_input, audio_output = tokens
    kinds = (
        all_input - cached - cache_write - audio_input,
        cached,
        cache_write - cache_write_1h,
        cache_write_1h,
        audio_input,
        all_output - reasoning - audio_output,
        reasoning,
        audio_output,
    )
    return None if min(kinds) < 0 else kinds
