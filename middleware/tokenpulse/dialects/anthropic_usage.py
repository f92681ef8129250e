"""Anthropic's usage object: input without what a cache read or wrote, output with thinking.

`cache_creation` splits what was written by its time to live, `usage.iterations` and `server_tool_use` are
passed over: the top level is what is billed as tokens. Gateways (OpenRouter) add `cost` in USD.
"""

from tokenpulse.dialects.counts import read_counts, sum_of_counts
from tokenpulse.dialects.facts import JsonObject, Usage, new_record
from tokenpulse.dialects.numbers import nano_usd


def _nested(usage: JsonObject, name: str, key: str) -> object:
    inner = usage.get(name)
    return inner.get(key) if isinstance(inner, dict) else None


def _cost(cost: object) -> tuple[int | None, bool]:
    """Return nano-USD, and whether there was a cost that cannot be an amount."""
    amount = nano_usd(cost)
    return amount, amount is None and cost is not None


def read_usage(value: object, *, is_first: bool) -> Usage | None:
    """Return a usage object, None if it is none or counts nothing.

    is_first: nothing older belongs to the same message: that of an answer or of `message_start`. A later one
    is whole as well when it gives every count and nothing was written to a cache.
    """
    if not isinstance(value, dict):
        return None
    counts, has_rejected = read_counts(
        (
            value.get("input_tokens"),
            value.get("output_tokens"),
            value.get("cache_read_input_tokens"),
            value.get("cache_creation_input_tokens"),
            _nested(value, "output_tokens_details", "thinking_tokens"),
            _nested(value, "cache_creation", "ephemeral_5m_input_tokens"),
            _nested(value, "cache_creation", "ephemeral_1h_input_tokens"),
        )
    )
    cost = None
    if "cost" in value:
        cost, is_bad_cost = _cost(value["cost"])
        has_rejected = has_rejected or is_bad_cost
    if not has_rejected and cost is None and counts.count(None) == len(counts):
        return None
    tokens_input, tokens_output, cached, written, thinking, for_minutes, for_hour = counts
    if written is None:
        written = sum_of_counts(for_minutes, for_hour)
    if written == 0:
        for_hour = 0
    is_whole = is_first or (
        written == 0 and tokens_input is not None and tokens_output is not None and cached is not None
    )
    return new_record(
        Usage,
        (
            *(tokens_input, tokens_output, cached, thinking, cost, has_rejected),
            *(written, for_hour, None, None, True, False, is_whole, None, None),
        ),
    )
