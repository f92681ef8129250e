"""What one token of each kind costs."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Kind = Literal[
    "input",
    "cached",
    "cache_write",
    "cache_write_1h",
    "audio_input",
    "output",
    "reasoning",
    "audio_output",
    "cached_audio",
    "image_output",
    "video_output",
]
"""What tables state rates for. The last three have no count: they decide whether the others can be used."""

Stated = Mapping[Kind, int]
"""Rates that a table states, in units of 1e-30 USD a token."""


class Rates(NamedTuple):
    """Hold a rate for each disjoint kind, in units of 1e-30 USD a token; None: there is no price for it."""

    input: int | None
    cached: int | None
    cache_write: int | None
    cache_write_1h: int | None
    audio_input: int | None
    output: int | None
    reasoning: int | None
    audio_output: int | None


def complete_rates(stated: Stated) -> Rates:
    """Return the rates of all kinds.

    What has no rate of its own: cached tokens and cache writes cost what input costs, a one-hour write what
    a write costs, reasoning what output costs. Audio without a rate has none: the text rate would be made up.
    """
    plain = stated.get("input")
    cache_write = stated.get("cache_write", plain)
    output = stated.get("output")
    return Rates(
        plain,
        stated.get("cached", plain),
        cache_write,
        stated.get("cache_write_1h", cache_write),
        stated.get("audio_input"),
        output,
        stated.get("reasoning", output),
        stated.get("audio_output"),
    )
