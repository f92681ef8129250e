"""Show the observation that the middleware made of a replayed exchange."""

from collections.abc import Iterator
from typing import Final

from tokenpulse.explain import Explanation
from tokenpulse_reader.cli.replay.columns import labelled
from tokenpulse_reader.cli.replay.money import usd
from tokenpulse_shared.records import Observation

_COST_SOURCES: Final = {
    "response": "reported by the response",
    "price_file": "by the price file",
    "genai-prices": "by genai-prices",
}
_LABEL_WIDTH: Final = 18


def summary_lines(explanation: Explanation, width: int) -> Iterator[str]:
    """Give the lines below the table; times are told as events, for nobody measured any."""
    observation = explanation.observation
    yield "What tokenpulse records of it:"
    for label, value in _summary(explanation, observation):
        yield from labelled(f"  {label}", value, _LABEL_WIDTH, width)


def _summary(explanation: Explanation, observation: Observation) -> Iterator[tuple[str, str]]:
    yield "outcome", observation.outcome
    if observation.error_type or observation.error_message:
        told = (observation.error_type, observation.error_message)
        yield "error", ": ".join(part for part in told if part)
    yield "provider", observation.provider
    yield "model", observation.model
    yield "response model", observation.response_model or "not told"
    yield "finish reason", observation.finish_reason or "none"
    if observation.streaming:
        yield "first content", _first(explanation, explanation.first_content, " (TTFT)")
        yield "first visible", _first(explanation, explanation.first_visible)
    else:
        yield "first content", "none: not a stream, so there is a latency and no TTFT"
    yield "tokens in", _tokens_in(observation)
    yield "tokens out", _tokens_out(observation)
    yield "usage", usage_words(explanation)
    yield "cost", cost_words(explanation)
    yield "faults", ", ".join(fault_words(explanation)) or "none"


def _first(explanation: Explanation, number: int | None, meaning: str = "") -> str:
    if number is None:
        return "none"
    reads = explanation.reads
    where = "" if reads.is_by_event else f", in read {reads.number_at(explanation.events[number].end)}"
    return f"event {number}{where}{meaning}"


def _number(number: int | None) -> str:
    return "unknown" if number is None else str(number)


def _tokens_in(observation: Observation) -> str:
    cached, written = _number(observation.tokens_cached), _number(observation.tokens_cache_write)
    return f"{_number(observation.tokens_input)} (read from a cache: {cached}, written to one: {written})"


def _tokens_out(observation: Observation) -> str:
    return f"{_number(observation.tokens_output)} (reasoning: {_number(observation.tokens_reasoning)})"


def usage_words(explanation: Explanation) -> str:
    """Return where the token counts came from."""
    source, origins = explanation.observation.usage_source, explanation.usage_origins
    if source == "unknown":
        return "unknown: nothing told it"
    if source == "estimated":
        return "estimated: estimate_usage is on, and the answer does not tell it"
    if not origins:
        return f"{source} by the response's headers"
    if len(origins) == 1:
        (number,) = origins
        return f"{source} by event {number}"
    told = (f"event {number} ({', '.join(words)})" for number, words in origins.items())
    return f"{source} by {', '.join(told)}"


def cost_words(explanation: Explanation) -> str:
    """Return what it costs with who says so, or why nobody does."""
    cost, source = explanation.observation.cost_nano_usd, explanation.cost
    if cost is None or source.name is None:
        return f"unknown: {source.why_not}"
    return f"{usd(cost)} USD, {_COST_SOURCES[source.name]}"


def fault_words(explanation: Explanation) -> list[str]:
    """Return the causes of bad input that the middleware set aside, as the metrics name them."""
    faults = sorted(explanation.faults.items())
    return [cause if count == 1 else f"{cause} ({count} times)" for cause, count in faults]
