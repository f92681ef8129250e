"""Make the one Observation of a finished request."""

from asyncio import CancelledError
from typing import TYPE_CHECKING, Final

from tokenpulse.answer_reader import Answer
from tokenpulse.dialects.base import Usage
from tokenpulse.naming import Names
from tokenpulse.outcome import Ending, decide_outcome
from tokenpulse_shared.names import clean_name
from tokenpulse_shared.records import Observation, Outcome, UsageSource
from tokenpulse_shared.redact import masked_error

if TYPE_CHECKING:
    from tokenpulse.observer import InferenceObserver

_NO_USAGE: Final = Usage()
_new_observation: Final = tuple.__new__
"""Makes the record from a tuple in a third of the time its constructor takes."""

_UNANSWERED_STATUS: Final = 500
"""What servers answer for an app that raised, or returned, without a response."""


def _since(started: float, at: float | None) -> float | None:
    return None if at is None else at - started


def _time_per_output_token(answer: Answer, tokens: int | None) -> float | None:
    """Return (last content - first content) / (tokens - 1): 3 s for 61 tokens is 0.05 s."""
    first, last = answer.first_content_at, answer.last_content_at
    if tokens is None or tokens < 2 or first is None or last is None:
        return None
    return (last - first) / (tokens - 1)


def _usage_source(usage: Usage, outcome: Outcome, answer: Answer) -> UsageSource:
    if usage.tokens_input is None and usage.tokens_output is None:
        return "unknown"
    is_broken = outcome != "success" and answer.is_stream is True
    return "partial" if is_broken and answer.is_cut else "reported"


def _outcome(observer: "InferenceObserver", answer: Answer, raised: BaseException | None) -> Outcome:
    if (
        raised is None
        and observer.is_complete
        and not observer.has_disconnected
        and observer.status_code == 200
        and answer.error is None
        and not answer.is_cut
    ):
        return "success"
    return decide_outcome(
        Ending(
            observer.status_code,
            observer.is_complete,
            observer.has_disconnected,
            raised is not None,
            isinstance(raised, CancelledError),
            answer.error,
            answer.is_cut,
        )
    )


def _error(answer: Answer, outcome: Outcome, raised: BaseException | None) -> tuple[str | None, str | None]:
    """Return the error's type and message; of an exception only its class, for its text may hold a prompt."""
    if outcome == "success":
        return None, None
    if raised is not None:
        name = clean_name(type(raised).__name__)
        return name, name
    if answer.error is None:
        return None, None
    kind, message = answer.error.type, answer.error.message
    return (
        None if kind is None else clean_name(kind),
        None if message is None else masked_error(message),
    )


def conclude(
    observer: "InferenceObserver", answer: Answer, names: Names, raised: BaseException | None
) -> Observation:
    """Return the observation of a request whose response has ended."""
    outcome = _outcome(observer, answer, raised)
    error_type, error_message = _error(answer, outcome, raised)
    usage = answer.usage or _NO_USAGE
    started = observer.started
    annotations = observer.annotations
    cost = usage.cost_nano_usd
    if cost is None and annotations is not None:
        cost = annotations.cost_nano_usd
    status_code = observer.status_code
    if status_code is None and outcome in ("app_exception", "truncated"):
        status_code = _UNANSWERED_STATUS
    endpoint = observer.endpoint
    finish = answer.finish_reason
    return _new_observation(
        Observation,
        (
            names.provider,
            names.model,
            None if annotations is None else annotations.gateway,
            endpoint.dialect.operation,
            endpoint.dialect.name,
            answer.is_stream,
            status_code,
            outcome,
            error_type,
            error_message,
            finish if finish is None else clean_name(finish),
            observer.started_at,
            _since(started, observer.stopped),
            _since(started, observer.response_started),
            _since(started, answer.first_content_at),
            _since(started, answer.first_visible_at),
            _time_per_output_token(answer, usage.tokens_output),
            observer.send_wait_seconds,
            usage.tokens_input,
            usage.tokens_output,
            usage.tokens_cached,
            usage.tokens_reasoning,
            _usage_source(usage, outcome, answer),
            cost,
            None if answer.model is None else clean_name(answer.model),
            endpoint.label,
            None if annotations is None else annotations.user_tier,
            names.is_model_vouched,
            names.is_provider_vouched,
        ),
    )
