"""Read what a kept request body asks for."""

from typing import Final, NamedTuple

from tokenpulse.dialects.base import Dialect
from tokenpulse.dialects.facts import RequestFacts, new_record
from tokenpulse.reading.capture import PIECE_BYTES, WHOLE_BYTES, BoundedBody, json_object
from tokenpulse.reading.content_decoding import decoder_for

REQUEST_HEAD_BYTES: Final = 64 * 1024
"""First bytes kept of a request too long to keep: they mostly hold the model."""

REQUEST_TAIL_BYTES: Final = 4 * 1024
"""Last bytes kept of it: they hold it where a client writes the messages first."""

_KEYS: Final = ("model", "stream", "n")
_NOTHING_ASKED: Final = RequestFacts()


RequestBody = BoundedBody | bytes
"""What is kept of a body: its one piece, as nearly always, else its pieces, bounded."""


class Asked(NamedTuple):
    """Tell what a request asked for, who reads its answer, the fault to count (None without one)."""

    facts: RequestFacts
    dialect: Dialect
    fault: str | None = None


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


def read_request(body: RequestBody, dialect: Dialect, headers: object) -> Asked:
    """Return what the body asks for, as `dialect` or the one it names instead reads it.

    A body that is empty, or no JSON object, asks for nothing that is known.
    headers: the request's; looked at only when the body is no JSON: it may be encoded.
    """
    if not body:
        return Asked(_NOTHING_ASKED, dialect)
    parsed = json_object(body) if isinstance(body, bytes) else body.json_object(_KEYS)
    if not parsed:
        decoded = _decoded(body, headers)
        if decoded is not None:
            return read_request(decoded, dialect, ())
        if parsed is None:
            return Asked(_NOTHING_ASKED, dialect, "request_body_malformed")
    dialect = dialect.for_request(parsed)
    facts = dialect.request(parsed)
    if facts.has_bad_model:
        return Asked(facts, dialect, "model_not_text")
    if facts.model is None and isinstance(body, BoundedBody) and not body.is_whole:
        return Asked(facts, dialect, "request_body_too_large")
    return new_record(Asked, (facts, dialect, None))


def _decoded(body: RequestBody, headers: object) -> RequestBody | None:
    """Return an encoded body decoded, bounded; None if it is not encoded, or not so that it can be read."""
    decoder = decoder_for(_content_encoding(headers))
    if decoder is None:
        return None
    start = body if isinstance(body, bytes) else body.start(REQUEST_HEAD_BYTES)
    plain = decoder.decode(start)
    if not plain:
        return None
    held = BoundedBody(REQUEST_HEAD_BYTES, REQUEST_TAIL_BYTES)
    held.add(plain)
    return held


def _content_encoding(headers: object) -> bytes:
    if isinstance(headers, (list, tuple)):
        for name, value in headers:
            if name.lower() == b"content-encoding":
                return bytes(value)
    return b""
