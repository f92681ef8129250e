"""The error a provider's JSON body carries, in any of the shapes seen."""

from tokenpulse.dialects.base import ErrorFacts, JsonObject


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _code(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(value)


def _facts(error: JsonObject) -> ErrorFacts:
    code = _code(error.get("code"))
    named = None if code is None or code.isdigit() else code
    error_type = _text(error.get("type")) or _text(error.get("status")) or named
    return ErrorFacts(error_type, code, _text(error.get("message")))


def _detail(detail: object) -> ErrorFacts | None:
    """Return FastAPI's `detail`; of a validation list only the messages, for `input` may hold a prompt."""
    if isinstance(detail, list):
        messages = [_text(item.get("msg")) for item in detail[:5] if isinstance(item, dict)]
        return ErrorFacts(message="; ".join(message for message in messages if message) or None)
    return ErrorFacts(message=detail) if isinstance(detail, str) else None


def read_error(body: JsonObject, is_failure: bool) -> ErrorFacts | None:
    """Return the error a body holds, None without one.

    `{"error": {…}}`, `{"error": "text"}`, flat `{"object": "error", "message", "type", "code"}` count always;
    flat bodies without that mark, `detail`, `message` only when the status said failure.
    """
    error = body.get("error")
    if isinstance(error, dict):
        return _facts(error)
    if isinstance(error, str) and error:
        return ErrorFacts(message=error)
    if body.get("object") == "error":
        return _facts(body)
    if not is_failure:
        return None
    return _detail(body.get("detail")) if "detail" in body else _facts(body)
