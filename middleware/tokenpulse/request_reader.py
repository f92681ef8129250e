"""Read what a kept request body asks for."""

from typing import Final

from tokenpulse.capture import BoundedBody
from tokenpulse.dialects.base import Dialect, RequestFacts

REQUEST_HEAD_BYTES: Final = 64 * 1024
"""First bytes kept of a request too long to keep: they mostly hold the model."""

REQUEST_TAIL_BYTES: Final = 4 * 1024
"""Last bytes kept of it: they hold it where a client writes the messages first."""

_KEYS: Final = ("model", "stream", "n")
_NOTHING_ASKED: Final = RequestFacts()


def new_request_body() -> BoundedBody:
    """Return an empty body with the bounds for requests."""
    return BoundedBody(REQUEST_HEAD_BYTES, REQUEST_TAIL_BYTES)


def read_request(body: BoundedBody, dialect: Dialect) -> tuple[RequestFacts, str | None]:
    """Return what the body asks for, then the fault to count, None without one.

    A body that is empty, or no JSON object, asks for nothing that is known.
    """
    if not body.length_bytes:
        return _NOTHING_ASKED, None
    parsed = body.json_object(_KEYS)
    if parsed is None:
        return _NOTHING_ASKED, "request_body_malformed"
    facts = dialect.request(parsed)
    if facts.has_bad_model:
        return facts, "model_not_text"
    if facts.model is None and not body.is_whole:
        return facts, "request_body_too_large"
    return facts, None
