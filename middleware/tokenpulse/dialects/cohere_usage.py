"""Cohere's usage: tokens as the model saw them, beside the units that are billed.

`tokens` counts the whole context, Cohere's own preamble included (1,394 in); `billed_units` what the caller
pays for (8 in): the cost is that of these. The counts are those of `tokens`, else those billed: embeddings state
nothing else.
"""

from tokenpulse.dialects.counts import read_counts
from tokenpulse.dialects.facts import Usage


def read_usage(value: object) -> Usage | None:
    """Return a `usage` (v2) or `meta` (v1) object, None if it is none or counts no tokens."""
    if not isinstance(value, dict):
        return None
    seen, billed = value.get("tokens"), value.get("billed_units")
    tokens = seen if isinstance(seen, dict) else {}
    units = billed if isinstance(billed, dict) else {}
    counts, has_rejected = read_counts(
        (
            tokens.get("input_tokens", units.get("input_tokens")),
            tokens.get("output_tokens", units.get("output_tokens")),
            value.get("cached_tokens"),
            units.get("input_tokens"),
            units.get("output_tokens"),
        )
    )
    if not has_rejected and counts == [None] * len(counts):
        return None
    read, written, cached, billed_input, billed_output = counts
    return Usage(
        read,
        written,
        cached,
        has_rejected=has_rejected,
        is_whole=read is not None and written is not None,
        billed_input=billed_input,
        billed_output=billed_output,
    )
