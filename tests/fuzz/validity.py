"""Check that what was read has the types and bounds it promises."""

from collections.abc import Sequence
from typing import Final

from tests.fuzz.broken import require
from tokenpulse.dialects.base import Dialect
from tokenpulse.dialects.facts import Content, ErrorFacts, EventFacts, RequestFacts, Usage
from tokenpulse.dialects.openai_chat import MAX_CHOICES
from tokenpulse.reading.answer_reader import Answer
from tokenpulse_shared.counters import MAX_COUNT
from tokenpulse_shared.records import OUTCOMES, USAGE_SOURCES, Observation

FAULTS: Final = frozenset(
    (
        *("event_unreadable", "usage_rejected", "response_malformed", "response_encoding_unknown"),
        *("response_too_large_to_decode", "response_undecodable"),
    )
)

MAX_TEXT_CHARACTERS: Final = 500
"""Longest text of an observation: an error's message."""

MAX_PARTS: Final = 3
"""Counts that a normalised one is made of: input, cache reads, cache writes."""


def is_text(value: object) -> bool:
    """Tell whether a value is a text or None."""
    return value is None or isinstance(value, str)


def is_count(value: object) -> bool:
    """Tell whether a value is a count or None."""
    return value is None or (type(value) is int and 0 <= value <= MAX_COUNT)


def check_usage(usage: Usage | None) -> None:
    """Check every count, as it was sent and normalised."""
    if usage is None:
        return
    for name, value in usage._asdict().items():
        is_flag = name.startswith(("has_", "is_")) or "lacks" in name
        require(type(value) is bool if is_flag else is_count(value), f"usage.{name} is no count", value)
    usage.normalised()


def check_error(error: ErrorFacts | None) -> None:
    """Check that an error is told in texts."""
    require(error is None or all(map(is_text, error[:3])), "an error's fact is no text", error)


def check_request(facts: RequestFacts) -> None:
    """Check what was asked for."""
    require(is_text(facts.model), "the model asked for is no text", facts)
    require(facts.is_streaming in (None, True, False), "is_streaming is no boolean", facts)
    require(
        type(facts.choices) is int and 1 <= facts.choices <= MAX_CHOICES, "choices is out of bounds", facts
    )


def check_event(told: EventFacts) -> None:
    """Check what an event says."""
    require(type(told.content) is Content, "content is none of its kinds", told)
    require(is_text(told.model), "an event's model is no text", told)
    require(type(told.is_terminal) is bool, "is_terminal is no boolean", told)
    for choice, reason in told.finishes:
        is_choice = type(choice) is int and 0 <= choice < MAX_CHOICES
        require(is_choice and isinstance(reason, str), "a finish is none of a choice", told)
    check_usage(told.usage)
    check_error(told.error)


def check_answer(answer: Answer, times: Sequence[float]) -> None:
    """Check what a response said; `times`: those at which its pieces were sent, ascending."""
    require(is_text(answer.model) and is_text(answer.finish_reason), "model or finish is no text", answer)
    require(FAULTS.issuperset(answer.faults), "an unknown fault", answer.faults)
    require(type(answer.is_cut) is bool, "is_cut is no boolean", answer)
    estimated = answer.estimated_output
    require(
        estimated is None or (is_count(estimated) and estimated > 0), "the estimate is no count", estimated
    )
    check_usage(answer.usage)
    check_error(answer.error)
    _check_times(answer, times)


def _check_times(answer: Answer, times: Sequence[float]) -> None:
    first, visible, last = answer.first_content_at, answer.first_visible_at, answer.last_content_at
    known = [time for time in (first, visible, last) if time is not None]
    require(known == sorted(known), "content's times are out of order", known)
    require((first is None) == (last is None), "a first without a last content", answer)
    require(visible is None or first is not None, "something visible without content", answer)
    require(not known or (times[0] <= known[0] and known[-1] <= times[-1]), "a time nobody sent at", known)
    if answer.pace is not None:
        for tokens in (None, 0, 1, 7, MAX_COUNT):
            flow = answer.pace.finish(tokens)
            require(flow is None or (flow.tokens > 0 and flow.total_seconds >= 0), "a flow backwards", flow)


def check_texts(dialect: Dialect, body: object, text: object) -> None:
    """Check that a dialect's text is one."""
    require(type(text) is str, f"{dialect.name}: text is no text", (body, text))


def check_observation(observation: Observation) -> None:
    """Check what is counted: texts can be sent to Redis, no number is below nothing."""
    require(observation.outcome in OUTCOMES, "an unknown outcome", observation)
    require(observation.usage_source in USAGE_SOURCES, "an unknown source of usage", observation)
    for name, value in observation._asdict().items():
        if isinstance(value, str):
            require(len(value) <= MAX_TEXT_CHARACTERS, f"{name} is too long", len(value))
            value.encode()
        elif isinstance(value, int | float):
            require(value >= 0, f"{name} is below nothing", value)
            if name.startswith("tokens_"):
                require(type(value) is int and value <= MAX_PARTS * MAX_COUNT, f"{name} is no count", value)
