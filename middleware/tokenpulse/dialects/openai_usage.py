"""The usage object of OpenAI and of those who speak its shape, normalised.

Variants, in the order they are tried: OpenAI's `*_tokens_details`; Mistral's `prompt_token_details` and
`num_cached_tokens`; DeepSeek's `prompt_cache_hit_tokens`; Moonshot's `cached_tokens`; a gateway's
`cache_read_input_tokens`; Perplexity's `reasoning_tokens`. xAI leaves reasoning out of
`completion_tokens`: it is added when only then the parts make up `total_tokens`.
Costs: OpenRouter's `cost` in USD, Perplexity's `cost.total_cost`, xAI's `cost_in_usd_ticks` of 1e-10 USD.
"""

from typing import Any, Final, cast

from tokenpulse.dialects.base import JsonObject, Usage, new_record
from tokenpulse.dialects.numbers import is_count, nano_usd
from tokenpulse_shared.counters import MAX_COUNT

TICKS_PER_NANO_USD: Final = 10


def _first(*values: object) -> object:
    for value in values:
        if value is not None:
            return value
    return None


def _detail(usage: JsonObject, details: str, name: str) -> object:
    """Return a number of one of the nested objects, None without it."""
    value = usage.get(details)
    return value.get(name) if isinstance(value, dict) else None


def _cached_elsewhere(usage: JsonObject) -> object:
    return _first(
        _detail(usage, "prompt_token_details", "cached_tokens"),
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
    return "no amount" if nano is None else nano


def read_usage(value: object) -> Usage | None:
    """Return a usage object normalised, None if it is none or says nothing."""
    if not isinstance(value, dict) or not value:
        return None
    prompt: Any = value.get("prompt_tokens")  # checked below, as the others
    completion: Any = value.get("completion_tokens")
    details = value.get("prompt_tokens_details")
    cached: Any = details.get("cached_tokens") if isinstance(details, dict) else None
    details = value.get("completion_tokens_details")
    reasoning: Any = details.get("reasoning_tokens") if isinstance(details, dict) else None
    cost: Any = _cost(value) if "cost" in value or "cost_in_usd_ticks" in value else None
    has_rejected = False
    # OpenAI's own shape, checked at once (0.4 µs less): MAX_COUNT is all ones, so the bits of all tell.
    if not (
        cost is None
        and type(prompt) is type(completion) is type(cached) is type(reasoning) is int
        and 0 <= prompt | completion | cached | reasoning <= MAX_COUNT
    ):
        numbers = [prompt, completion, cached, reasoning, cost]
        _fill_gaps(numbers, value)
        has_rejected = _reject(numbers)
        prompt, completion, cached, reasoning, cost = numbers
    if (
        reasoning
        and completion is not None
        and value.get("total_tokens") == (prompt or 0) + completion + reasoning
    ):
        completion += reasoning
    return new_record(Usage, (prompt, completion, cached, reasoning, cost, has_rejected))


def _reject(numbers: list[Any]) -> bool:
    """Replace by None what can be no count; tell whether there was any."""
    has_rejected = False
    for place, number in enumerate(numbers):
        if number is not None and not (type(number) is int and 0 <= number <= MAX_COUNT):
            numbers[place] = None
            has_rejected = True
    return has_rejected


def _fill_gaps(numbers: list[Any], usage: JsonObject) -> None:
    """Look where others than OpenAI put a number."""
    if numbers[0] is None:
        numbers[0] = usage.get("input_tokens")
    if numbers[1] is None:
        numbers[1] = usage.get("output_tokens")
    if numbers[2] is None:
        numbers[2] = _cached_elsewhere(usage)
    if numbers[3] is None:
        numbers[3] = usage.get("reasoning_tokens")
