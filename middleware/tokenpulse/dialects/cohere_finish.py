"""How a Cohere answer says that it ended, well or not, in both versions of the API."""

from typing import Final

from tokenpulse.dialects.error_body import read_error
from tokenpulse.dialects.facts import ErrorFacts, JsonObject

_FAILED: Final = ("ERROR", "TIMEOUT")
_CALLERS: Final = ("ERROR_LIMIT", "ERROR_TOXIC")
"""Finish reasons that fail an answer for what was asked: too long a context, a filtered reply."""


def finish_of(body: JsonObject) -> str | None:
    """Return the finish reason of an answer or of a stream's end, None if it names none."""
    reason = body.get("finish_reason")
    return reason if isinstance(reason, str) and reason else None


def finish_error(reason: str | None, error: object) -> ErrorFacts | None:
    """Return the failure that an end at status 200 tells, None without one; `error`: what stands beside it."""
    told = read_error({"error": error}, is_failure=False)
    is_callers = reason in _CALLERS
    if reason is None or not (is_callers or reason in _FAILED):
        return told
    facts = told or ErrorFacts()
    return facts._replace(code=facts.code or reason, is_callers=facts.is_callers or is_callers)
