"""Check what an app hands to `Recorder.record`: usable values pass, others become None and are counted."""

import traceback
from collections.abc import Callable
from typing import Final

from tokenpulse_shared.counters import MAX_COUNT
from tokenpulse_shared.exemplar import is_trace_id
from tokenpulse_shared.redact import masked_error

MAX_MILLISECONDS: Final = 86_400_000.0 * 30
"""Longest duration believed: a month."""
_NO_TRACE: Final = "0" * 32
"""What OpenTelemetry gives as the id where there is no trace."""
MAX_USD: Final = MAX_COUNT / 1e9

Fault = Callable[[str], None]


def checked_seconds(milliseconds: float | None, fault: Fault) -> float | None:
    """Return seconds from milliseconds; None for None, NaN, negative, absurd, or what is no number."""
    if type(milliseconds) is float and 0.0 <= milliseconds <= MAX_MILLISECONDS:
        return milliseconds / 1000
    if milliseconds is None:
        return None
    if (
        isinstance(milliseconds, (float, int))
        and type(milliseconds) is not bool
        and 0.0 <= milliseconds <= MAX_MILLISECONDS
    ):
        return float(milliseconds) / 1000
    fault("duration_rejected")
    return None


def checked_count(count: int | None, fault: Fault) -> int | None:
    """Return a token count; None for None, negative, beyond 2^53, or what is no int."""
    if count is None:
        return None
    if type(count) is int and 0 <= count <= MAX_COUNT:
        return count
    fault("usage_rejected")
    return None


def checked_nano_usd(usd: float | None, fault: Fault) -> int | None:
    """Return integer nano-USD; None for None, NaN, negative, absurd, or what is no number."""
    if usd is None:
        return None
    if isinstance(usd, (float, int)) and type(usd) is not bool and 0.0 <= usd <= MAX_USD:
        return min(round(float(usd) * 1e9), MAX_COUNT)
    fault("cost_rejected")
    return None


def checked_text(text: object, fault: Fault) -> str | None:
    """Return the text; None for None, and for what is no text or empty."""
    if text is None:
        return None
    if isinstance(text, str) and text:
        return str.__str__(text)  # plain text also of a subclass, such as a StrEnum's member
    fault("name_rejected")
    return None


def checked_status(status: int | None, fault: Fault) -> int | None:
    """Return an HTTP status code; None for None, and for what is no int from 100 to 599."""
    if status is None:
        return None
    if isinstance(status, int) and type(status) is not bool and 100 <= status <= 599:
        return int(status)
    fault("status_rejected")
    return None


def checked_trace_id(trace_id: object, fault: Fault) -> str | None:
    """Return a trace's id in lower case; None for None, for 32 zeros, and for what is no 32 hexadecimal digits."""
    if trace_id is None:
        return None
    # By its length first: a long text is not even copied.
    if isinstance(trace_id, str) and str.__len__(trace_id) == len(_NO_TRACE):
        lowered = str.lower(trace_id)  # plain text also of a subclass
        if is_trace_id(lowered):
            return lowered
        if lowered == _NO_TRACE:
            return None
    fault("trace_id_rejected")
    return None


def checked_message(message: object, fault: Fault) -> str | None:
    """Return an error's text with secrets masked; None for None, and for what is neither text nor exception."""
    if message is None:
        return None
    if isinstance(message, BaseException):  # formatted so that a `__str__` that raises does no harm
        return masked_error("".join(traceback.format_exception_only(message)).strip())
    if isinstance(message, str):
        return masked_error(str.__str__(message))
    fault("message_rejected")
    return None
