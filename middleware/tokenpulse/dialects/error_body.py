"""Read the error that a provider's JSON body carries, in any of the shapes seen."""

from typing import Final

from tokenpulse.dialects.facts import ErrorFacts, JsonObject

MAX_DETAILS: Final = 5
"""Most entries of a list of errors whose messages are kept."""

_CALLERS_CODES: Final = frozenset(
    ("content_filter", "content_policy_violation", "invalid_prompt", "context_length_exceeded")
)
"""Codes that refuse the prompt itself. They also come at status 200, where no status tells whose fault it is."""


_URIS: Final = ("http://", "https://", "about:")
"""How the `type` of RFC 9457's problems begins."""


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _word(value: object) -> str | None:
    """Return a text that names an error: no number, no URI, not just `error` (what an event or object is)."""
    text = _text(value)
    is_name = text is not None and not (text.isdigit() or text == "error" or text.startswith(_URIS))
    return text if is_name else None


def _code(value: object) -> str | None:
    return str(value) if type(value) is int else _text(value)


def _aws_type(value: object) -> str | None:
    """Return AWS's `__type` without its name space: `com.amazon.coral#ThrottlingException`."""
    text = _text(value)
    return None if text is None else text.rpartition("#")[2].partition(":")[0]


def _facts(error: JsonObject, message: str | None = None) -> ErrorFacts:
    """Return what an object says about an error; `message`: where it does not stand in `message`."""
    code = error.get("code")
    error_type = (
        _word(error.get("type"))
        or _word(code)
        or _word(error.get("error_type"))
        or _aws_type(error.get("__type"))
    )
    message = message or _text(error.get("message")) or _text(error.get("Message"))
    is_callers = not _CALLERS_CODES.isdisjoint((error_type, _code(code)))
    return ErrorFacts(error_type, _code(code), message, is_callers)


def _object_facts(error: JsonObject) -> ErrorFacts:
    """Return what an `error` object says; Google's name it by `status`, which in a body is anything."""
    facts = _facts(error)
    status = _word(error.get("status"))
    return facts if status is None or _word(error.get("type")) else facts._replace(type=status)


def _joined(errors: list[object]) -> str | None:
    """Return the messages of a list; of a validation's entries nothing else, for `input` may hold a prompt."""
    texts = (
        _text(entry.get("msg")) or _text(entry.get("message")) if isinstance(entry, dict) else _text(entry)
        for entry in errors[:MAX_DETAILS]
    )
    return "; ".join(text for text in texts if text) or None


def _listed(errors: list[object]) -> ErrorFacts:
    """Return what a list of errors says: the first one, with the messages of all."""
    first = errors[0]
    return _facts(first if isinstance(first, dict) else {}, _joined(errors))


def _told(error: object, body: JsonObject) -> ErrorFacts | None:
    """Return what the value of `error` says; where it is but a text, or true, the rest stands beside it."""
    if isinstance(error, dict):
        return _object_facts(error)
    if isinstance(error, list) and error:
        return _listed(error)
    if error is True:
        return _facts(body)
    return _facts(body, error) if isinstance(error, str) and error else None


def _flat(body: JsonObject) -> ErrorFacts:
    """Return the error that a failure's body is; FastAPI's `detail`, Cloudflare's `errors` are looked into."""
    detail, errors = body.get("detail"), body.get("errors")
    if isinstance(detail, dict):
        return _told(detail.get("error"), detail) or _facts(detail)
    if isinstance(detail, list) and detail:
        return ErrorFacts(message=_joined(detail))
    if isinstance(errors, list) and errors:
        return _listed(errors)
    return _facts(body, _text(detail))


def _minimax_error(body: JsonObject) -> ErrorFacts | None:
    """Return the error of MiniMax's `base_resp`, which every answer has; 0 is success."""
    status = body.get("base_resp")
    if (
        not isinstance(status, dict)
        or type(status.get("status_code")) is not int
        or not status["status_code"]
    ):
        return None
    return ErrorFacts(code=str(status["status_code"]), message=_text(status.get("status_msg")))


def read_error(body: JsonObject, is_failure: bool) -> ErrorFacts | None:
    """Return the error a body holds, None without one.

    `{"error": …}` counts always, be it an object, a text, a list or true, so do flat
    `{"object": "error", "message", "type", "code"}` and MiniMax's `base_resp`; flat bodies without that mark,
    `detail`, `errors`, `message` only when the status said failure.
    """
    error = _told(body.get("error"), body) or _minimax_error(body)
    if error is not None:
        return error
    if body.get("object") == "error":
        return _facts(body)
    return _flat(body) if is_failure else None
