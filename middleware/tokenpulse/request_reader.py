"""Read what a kept request body asks for."""

from typing import Final

from tokenpulse.capture import PIECE_BYTES, WHOLE_BYTES, BoundedBody, json_object
from tokenpulse.dialects.base import Dialect, RequestFacts

REQUEST_HEAD_BYTES: Final = 64 * 1024
"""First bytes kept of a request too long to keep: they mostly hold the model."""

REQUEST_TAIL_BYTES: Final = 4 * 1024
"""Last bytes kept of it: they hold it where a client writes the messages first."""

_KEYS: Final = ("model", "stream", "n")
_NOTHING_ASKED: Final = RequestFacts()


RequestBody = BoundedBody | bytes
"""What is kept of a body: its one piece, as nearly always, else its pieces, bounded."""


def with_piece(body: RequestBody, piece: bytes) -> RequestBody:
    """Return the body with one more piece; the caller must not change it afterwards."""
    if body == b"" and len(piece) <= WHOLE_BYTES - PIECE_BYTES:
        return piece
    if isinstance(body, bytes):
        first, body = body, BoundedBody(REQUEST_HEAD_BYTES, REQUEST_TAIL_BYTES)
        if first:
            body.add(first)
    body.add(piece)
    return body


def read_request(body: RequestBody, dialect: Dialect) -> tuple[RequestFacts, str | None]:
    """Return what the body asks for, then the fault to count, None without one.

    A body that is empty, or no JSON object, asks for nothing that is known.
    """
    if not body:
        return _NOTHING_ASKED, None
    parsed = json_object(body) if isinstance(body, bytes) else body.json_object(_KEYS)
    if parsed is None:
        return _NOTHING_ASKED, "request_body_malformed"
    facts = dialect.request(parsed)
    if facts.has_bad_model:
        return facts, "model_not_text"
    if facts.model is None and isinstance(body, BoundedBody) and not body.is_whole:
        return facts, "request_body_too_large"
    return facts, None
