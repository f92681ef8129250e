"""The usage object of OpenAI and of those who speak its shape, normalised.

Variants, in the order they are tried: OpenAI's `*_tokens_details`; Mistral's `prompt_token_details` and
`num_cached_tokens`; DeepSeek's `prompt_cache_hit_tokens`; Moonshot's `cached_tokens`; a gateway's
`cache_read_input_tokens`; Perplexity's `reasoning_tokens`. xAI leaves reasoning out of
`completion_tokens`: it is added when only then the parts make up `total_tokens`.
Costs: OpenRouter's `cost` in USD, Perplexity's `cost.total_cost`, xAI's `cost_in_usd_ticks` of 1e-10 USD.
"""

from typing import Final, cast

from tokenpulse.dialects.base import JsonObject, Usage
from tokenpulse.dialects.numbers import is_count, nano_usd
from tokenpulse_shared.counters import MAX_COUNT

TICKS_PER_NANO_USD: Final = 10

_NOTHING: Final[JsonObject] = {}


def _details(usage: JsonObject, name: str) -> JsonObject:
    value = usage.get(name)
    return value if isinstance(value, dict) else _NOTHING


def _first(*values: object) -> object:
    for value in values:
        if value is not None:
            return value
    return None


def _cached(usage: JsonObject) -> object:
    cached = _details(usage, "prompt_tokens_details").get("cached_tokens")
    if cached is not None:
        return cached
    return _first(
        _details(usage, "prompt_token_details").get("cached_tokens"),
        usage.get("num_cached_tokens"),
        usage.get("prompt_cache_hit_tokens"),
        usage.get("cached_tokens"),
        usage.get("cache_read_input_tokens"),
    )


def _cost(usage: JsonObject) -> object:
    """Return nano-USD, None when nothing is said, or the value that cannot be an amount."""
    ticks = usage.get("cost_in_usd_ticks")
    if ticks is not None:
        return cast("int", ticks) // TICKS_PER_NANO_USD if is_count(ticks) else ticks
    cost = usage.get("cost")
    if isinstance(cost, dict):
        cost = cost.get("total_cost")
    if cost is None:
        return None
    nano = nano_usd(cost)
    return cost if nano is None else nano


def read_usage(value: object) -> Usage | None:
    """Return a usage object normalised, None if it is none or says nothing."""
    if not isinstance(value, dict) or not value:
        return None
    numbers = [
        _first(value.get("prompt_tokens"), value.get("input_tokens")),
        _first(value.get("completion_tokens"), value.get("output_tokens")),
        _cached(value),
        _first(
            _details(value, "completion_tokens_details").get("reasoning_tokens"),
            value.get("reasoning_tokens"),
        ),
        _cost(value),
    ]
    has_rejected = False
    for place, number in enumerate(numbers):
        if number is not None and (type(number) is not int or not 0 <= number <= MAX_COUNT):
            numbers[place] = None
            has_rejected = True
    prompt, completion, cached, reasoning, cost = cast("list[int | None]", numbers)
    if (
        completion is not None
        and reasoning
        and value.get("total_tokens") == (prompt or 0) + completion + reasoning
    ):
        completion += reasoning
    return Usage(prompt, completion, cached, reasoning, cost, has_rejected)
