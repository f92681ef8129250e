"""The usage object of OpenAI and of those who speak its shape, normalised.

Variants, in the order they are tried: OpenAI's `*_tokens_details` (those of Responses, of embeddings of images
begin with `input_`, `output_`); Mistral's `prompt_token_details` and `num_cached_tokens`; DeepSeek's
`prompt_cache_hit_tokens`; Moonshot's `cached_tokens`; a gateway's `cache_read_input_tokens` with
`cache_creation_input_tokens`; Perplexity's `reasoning_tokens`. xAI leaves reasoning out of
`completion_tokens`, some leave cache reads out of `prompt_tokens`: they are added when only then the parts make
up `total_tokens`.
Costs: OpenRouter's `cost` in USD (with a key of the caller's own, beside the provider's price), Perplexity's
`cost.total_cost`, xAI's `cost_in_usd_ticks` of 1e-10 USD.
"""

from typing import Any, Final, cast

from tokenpulse.dialects.facts import JsonObject, Usage, new_record
from tokenpulse.dialects.numbers import is_count, nano_usd
from tokenpulse_shared.counters import MAX_COUNT

TICKS_PER_NANO_USD: Final = 10


def _first(*values: object) -> object:
    for value in values:
        if value is not None:
            return value
    return None


def _cached_elsewhere(usage: JsonObject) -> object:
    details = usage.get("prompt_token_details")
    return _first(
        details.get("cached_tokens") if isinstance(details, dict) else None,
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
    if nano is None:
        return "no amount"
    return nano + (_upstream_cost(usage) if usage.get("is_byok") is True else 0)


def _upstream_cost(usage: JsonObject) -> int:
    """Return what the provider itself charges the caller's own key, beside OpenRouter's fee; 0 if it is not said."""
    details = usage.get("cost_details")
    told = details.get("upstream_inference_cost") if isinstance(details, dict) else None
    return nano_usd(told) or 0


def read_usage(value: object) -> Usage | None:
    """Return a usage object, None if it is none or says nothing."""
    if not isinstance(value, dict) or not value:
        return None
    prompt: Any = value.get("prompt_tokens")  # checked below, as the others
    completion: Any = value.get("completion_tokens")
    inputs = _details(value, "prompt_tokens_details", "input_tokens_details")
    outputs = _details(value, "completion_tokens_details", "output_tokens_details")
    cached: Any = inputs.get("cached_tokens")
    reasoning: Any = outputs.get("reasoning_tokens")
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
    is_whole = prompt is not None and completion is not None
    if is_whole and (cached or reasoning):
        total = value.get("total_tokens")
        if total != prompt + completion:
            prompt, completion = _made_up(total, prompt, completion, cached or 0, reasoning or 0)
    # Looked for by name first: nearly no usage has them, and a call is 0.1 µs.
    has_written = "cache_creation_input_tokens" in value or "cache_write_tokens" in inputs
    written = _written(value, inputs) if has_written else None
    heard = _count(inputs, "audio_tokens") if "audio_tokens" in inputs else None
    spoken = _count(outputs, "audio_tokens") if "audio_tokens" in outputs else None
    return new_record(
        Usage,
        (
            *(prompt, completion, cached, reasoning, cost, has_rejected),
            *(written, None, heard, spoken, False, False, is_whole, None, None),
        ),
    )


def _details(usage: JsonObject, name: str, other_name: str) -> dict[str, object]:
    """Return a nested object under either name, {} without one."""
    value = usage.get(name) or usage.get(other_name)
    return value if isinstance(value, dict) else {}


def _made_up(total: Any, prompt: int, completion: int, cached: int, reasoning: int) -> tuple[int, int]:
    """Return input with cache reads, output with reasoning, as they make up the total.

    xAI's 10 and 5 of 22 in all, 7 of reasoning: 10 and 12.
    """
    rest = total - prompt - completion if is_count(total) else 0
    if rest <= 0:
        return prompt, completion
    if rest == reasoning:
        return prompt, completion + reasoning
    if rest == cached:
        return prompt + cached, completion
    return (prompt + cached, completion + reasoning) if rest == cached + reasoning else (prompt, completion)


def _written(usage: JsonObject, inputs: JsonObject) -> int | None:
    """Return how many tokens were written to a cache.

    A gateway's own count is taken only if it is more than 0: it says 0 of providers that tell nothing.
    """
    written = _count(inputs, "cache_write_tokens")
    return _count(usage, "cache_creation_input_tokens") or None if written is None else written


def _count(details: JsonObject, name: str) -> int | None:
    """Return a count of one of the nested objects, None without it."""
    value = details.get(name)
    return cast("int", value) if is_count(value) else None


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
