"""What the upstream for vendors' clients answers: a status, a type, pieces of a body."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

Json = Mapping[str, Any]

JSON: Final = "application/json"
EVENT_STREAM: Final = "text/event-stream"
CREATED: Final = 1_760_000_000


@dataclass(frozen=True, slots=True)
class Reply:
    """Hold one answer; `pieces` are sent one by one, a stream has several.

    `is_held`: nothing follows the pieces, not even an end, until the client leaves.
    """

    pieces: tuple[bytes, ...]
    content_type: str = JSON
    status: int = 200
    is_held: bool = False

    def without_end(self) -> "Reply":
        """Return the same stream, broken off before its last piece."""
        return replace(self, pieces=self.pieces[:-1])


def json_reply(body: object, status: int = 200) -> Reply:
    """Return a JSON answer."""
    return Reply((orjson.dumps(body),), status=status)


def event_piece(body: object, name: str | None = None) -> bytes:
    """Return a server-sent event with JSON data."""
    head = b"" if name is None else b"event: " + name.encode() + b"\n"
    return head + b"data: " + orjson.dumps(body) + b"\n\n"


def sse_reply(bodies: Iterable[object], end: bytes | None = None) -> Reply:
    """Return a stream of server-sent events without names; `end` is one more piece as it is."""
    pieces = tuple(event_piece(body) for body in bodies)
    return Reply(pieces if end is None else (*pieces, end), EVENT_STREAM)


def named_sse_reply(bodies: Iterable[Json]) -> Reply:
    """Return a stream of server-sent events, each named by its `type`."""
    return Reply(tuple(event_piece(body, body["type"]) for body in bodies), EVENT_STREAM)


def lines_reply(bodies: Iterable[object], content_type: str) -> Reply:
    """Return a stream of JSON lines."""
    return Reply(tuple(orjson.dumps(body) + b"\n" for body in bodies), content_type)
