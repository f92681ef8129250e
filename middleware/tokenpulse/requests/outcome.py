"""Decide once how an inference request ended."""

from typing import Final, NamedTuple

from tokenpulse.dialects.facts import ErrorFacts
from tokenpulse_shared.records import Outcome

_BY_STATUS: Final[dict[int, Outcome]] = {
    408: "timeout",
    429: "rate_limit",
    502: "network",
    504: "timeout",
    524: "timeout",
}
_RATE_LIMIT_WORDS: Final = (
    "rate_limit",
    "ratelimit",
    "rate limit",
    "too_many_requests",
    "rate_limited",
    "throttl",
)
_TIMEOUT_WORDS: Final = ("timeout", "timed_out", "deadline_exceeded")


class Ending(NamedTuple):
    """Tell how a request ended.

    `status_code`: None if the app never started a response. `is_complete`: the final body was sent.
    `has_disconnected`: the client left before that, even if the app then still ended its response.
    `is_cut`: an event stream whose answer has neither finish reasons nor a terminator.
    """

    status_code: int | None
    is_complete: bool
    has_disconnected: bool = False
    has_raised: bool = False
    is_cancelled: bool = False
    error: ErrorFacts | None = None
    is_cut: bool = False


def outcome_of_failure(status_code: int) -> Outcome:
    """Return what a status code of 400 or more says."""
    by_status = _BY_STATUS.get(status_code)
    if by_status is not None:
        return by_status
    return "caller_error" if status_code < 500 else "provider_error"


def outcome_of_error(error: ErrorFacts) -> Outcome:
    """Return what an error told inside a response of status 200 is."""
    if error.is_callers:
        return "caller_error"
    told = f"{error.type or ''} {error.code or ''}".lower()
    if error.code == "429" or any(word in told for word in _RATE_LIMIT_WORDS):
        return "rate_limit"
    if error.code in ("408", "504") or any(word in told for word in _TIMEOUT_WORDS):
        return "timeout"
    return "provider_error"


def decide_outcome(ending: Ending) -> Outcome:
    """Return the one outcome; what cut the request short comes before what the response said."""
    if ending.has_disconnected:
        return "client_disconnect"
    if ending.has_raised:
        return "cancelled" if ending.is_cancelled else "app_exception"
    return _outcome_of_response(ending)


def _outcome_of_response(ending: Ending) -> Outcome:
    if ending.status_code is None:
        return "truncated"
    if ending.status_code >= 400:
        return outcome_of_failure(ending.status_code)
    if ending.error is not None:
        return outcome_of_error(ending.error)
    return "truncated" if ending.is_cut or not ending.is_complete else "success"
