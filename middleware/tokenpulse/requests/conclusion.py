"""Make the one Observation of a finished request."""

from asyncio import CancelledError
from typing import TYPE_CHECKING, Final

from tokenpulse.dialects.base import Dialect
from tokenpulse.dialects.facts import Usage, new_record
from tokenpulse.reading.answer_reader import Answer
from tokenpulse.requests.cost import table_cost
from tokenpulse.requests.naming import Names
from tokenpulse.requests.outcome import Ending, decide_outcome
from tokenpulse_shared.names import clean_name
from tokenpulse_shared.pricing import PriceBook
from tokenpulse_shared.records import Observation, Outcome, UsageSource
from tokenpulse_shared.redact import masked_error, masked_name

if TYPE_CHECKING:
    from tokenpulse.requests.observer import InferenceObserver

_NO_USAGE: Final = Usage()
_UNANSWERED_STATUS: Final = 500
"""What servers answer for an app that raised, or returned, without a response."""


def _time_per_output_token(first: float | None, last: float | None, tokens: int | None) -> float | None:
    """Return (last content - first content) / (tokens - 1): 3 s for 61 tokens is 0.05 s."""
    if first is None or last is None or last <= first or tokens is None or tokens < 2:
        return None  # what came all at once has no pace
    return (last - first) / (tokens - 1)


def _usage_source(answer: Answer) -> UsageSource:
    """Return how far the usage of an answer that is no success can be trusted."""
    return "partial" if answer.is_stream is True and answer.is_cut else "reported"


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
            _is_cancellation(raised),
            answer.error,
            answer.is_cut,
        )
    )


def _is_cancellation(raised: BaseException | None) -> bool:
    """Tell whether the server or the app cancelled the request: asyncio's way, or trio's, which is not imported."""
    if isinstance(raised, CancelledError):
        return True
    kind = type(raised)
    return kind.__name__ == "Cancelled" and kind.__module__.partition(".")[0] == "trio"


def _error(answer: Answer, raised: BaseException | None) -> tuple[str | None, str | None]:
    """Return a failure's type and message; of an exception only its class, for its text may hold a prompt."""
    if raised is not None:
        name = clean_name(type(raised).__name__)
        return name, name
    if answer.error is None:
        return None, None
    kind, message = answer.error.type, answer.error.message
    return (
        None if kind is None else masked_name(clean_name(kind)),
        None if message is None else masked_error(message),
    )


def conclude(
    observer: "InferenceObserver",
    answer: Answer,
    names: Names,
    dialect: Dialect,
    raised: BaseException | None,
    prices: PriceBook,
    trace_id: str | None = None,
) -> Observation:
    """Return the observation of a request whose response has ended; `trace_id`: None where it is in no trace."""
    outcome = _outcome(observer, answer, raised)
    error_type = error_message = None
    if outcome != "success":
        error_type, error_message = _error(answer, raised)
    is_stream, model, finish, usage, _, first, first_visible, last, _, _, pace, estimated = answer
    usage = _NO_USAGE if usage is None else usage
    if usage.input_lacks_cache or usage.output_lacks_reasoning:
        usage = usage.normalised()
    # In one go: reading fields by name costs three times as much.
    tokens_input, tokens_output, cached, reasoning, cost, _, written, _, _, _, _, _, _, _, _ = usage
    model = None if model is None else clean_name(model)
    source: UsageSource = "unknown"
    if tokens_input is not None or tokens_output is not None:
        source = "reported" if outcome == "success" else _usage_source(answer)
    if estimated is not None and (
        tokens_output is None or (source == "partial" and estimated > tokens_output)
    ):
        tokens_output, source = estimated, "estimated"
    started, stopped, response_started = observer.started, observer.stopped, observer.response_started
    annotations = observer.annotations
    if cost is None and annotations is not None:
        cost = annotations.cost_nano_usd
    if cost is None and source == "reported" and not prices.is_empty:
        cost = table_cost(prices, names, model, usage, observer.endpoint.operation, observer.started_at)
    status_code = observer.status_code
    if status_code is None and outcome in ("app_exception", "truncated"):
        status_code = _UNANSWERED_STATUS
    endpoint = observer.endpoint
    provider, named_model, is_provider_vouched, is_model_vouched = names
    # Durations are told in place: four calls less are 0.2 µs.
    return new_record(Observation, (
        provider,
        named_model,
        None if annotations is None else annotations.gateway,
        endpoint.operation,
        dialect.name,
        is_stream,
        status_code,
        outcome,
        error_type,
        error_message,
        None if finish is None else clean_name(finish),
        observer.started_at,
        None if stopped is None else stopped - started,
        None if response_started is None else response_started - started,
        None if first is None else first - started,
        None if first_visible is None else first_visible - started,
        _time_per_output_token(first, last, tokens_output),
        observer.send_wait_seconds,
        tokens_input, tokens_output, cached, reasoning,
        source,
        cost,
        model,
        endpoint.label,
        None if annotations is None else annotations.user_tier,
        is_model_vouched,
        is_provider_vouched,
        written,
        None if pace is None else pace.finish(tokens_output),
        trace_id,
    ))  # fmt: skip  # in the order of Observation's fields
