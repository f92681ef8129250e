"""Errors as AWS sends them: bodies, response headers, exceptions within a stream."""

from typing import Final

from tokenpulse.dialects.error_body import read_error
from tokenpulse.dialects.facts import ErrorFacts, JsonObject

_ERROR_HEADER: Final = b"x-amzn-errortype"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def read_failure(body: JsonObject, is_failure: bool) -> ErrorFacts | None:
    """Return the error of a body, None without one; `__type`, also within `Output`, is one at any status."""
    output = body.get("Output")
    if isinstance(output, dict) and "__type" in output:
        body = output
    return read_error(body, is_failure or "__type" in body)


def read_exception(name: bytes, body: JsonObject) -> ErrorFacts | None:
    """Return the error of a stream's event, None without one.

    It is what the framing marked, or an exception by its event's name, or by the key that holds it.
    """
    if name == b"error" or "error" in body:
        return read_failure(body, name == b"error")
    if name.endswith(b"Exception"):
        return ErrorFacts(name.decode("utf-8", "replace"), None, _text(body.get("message")))
    for key, value in body.items():
        if key.endswith("Exception") and isinstance(value, dict):
            return ErrorFacts(key, None, _text(value.get("message")))
    return None


def error_type_of_headers(headers: list[tuple[bytes, bytes]]) -> str | None:
    """Return the exception's name that a failure's headers hold, None without. names: in lower case.

    `ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/` → `ValidationException`.
    """
    for name, value in headers:
        if name == _ERROR_HEADER:
            return value.partition(b":")[0].strip().decode("latin-1") or None
    return None
