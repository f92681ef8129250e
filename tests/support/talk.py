"""What a vendor's API says in one protocol, as data: requests, answers, events of streams.

Written for the tests, for whatever draws from it: fuzzing, properties. Every built-in dialect has one or more.
"""

import struct
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from orjson import Fragment, dumps

from tests.support.aws_messages import event_message, exception_message

Event = tuple[bytes, Any]
"""Its name, b"" without one, and its JSON value; bytes stand for themselves (`[DONE]`, what is no JSON)."""


class Talk(NamedTuple):
    """Hold what is said at one path.

    `events`: in an order a stream could have, pings and broken ones too. `endings`: what comes after them, of
    which a stream has some: finish reasons, usage, terminators, errors.
    `framing`: how its streams are framed, None for answers that are never streamed.
    """

    path: str
    framing: str | None
    asked: Any
    answer: Any
    events: tuple[Event, ...] = ()
    endings: tuple[Event, ...] = ()


def named(*bodies: Mapping[str, Any]) -> tuple[Event, ...]:
    """Return events whose name is the type that stands in them."""
    return tuple((str(body["type"]).encode(), body) for body in bodies)


def unnamed(*bodies: Any) -> tuple[Event, ...]:
    """Return events without a name."""
    return tuple((b"", body) for body in bodies)


def chunks(*bodies: Any) -> tuple[Event, ...]:
    """Return events as Bedrock's InvokeModel wraps them."""
    return tuple((b"chunk", {"bytes": b64encode(dumps(body)).decode()}) for body in bodies)


def _data(body: Any) -> bytes:
    return body if isinstance(body, bytes) else dumps(body)


def _server_sent(events: Iterable[Event]) -> bytes:
    pieces = []
    for name, body in events:
        pieces.append((b"event: " + name + b"\n" if name else b"") + b"data: " + _data(body) + b"\n\n")
    return b"".join(pieces)


def _lines(events: Iterable[Event]) -> bytes:
    return b"".join(_data(body) + b"\n" for _, body in events)


def _array(events: Iterable[Event]) -> bytes:
    return b"[" + b",\r\n".join(_data(body) for _, body in events) + b"]"


def _aws(events: Iterable[Event]) -> bytes:
    return b"".join(
        exception_message(name, _data(body))
        if name.endswith(b"Exception")
        else event_message(name, Fragment(_data(body)))
        for name, body in events
    )


FRAMINGS: Final[Mapping[str, tuple[bytes, Callable[[Iterable[Event]], bytes]]]] = {
    "sse": (b"text/event-stream", _server_sent),
    "ndjson": (b"application/x-ndjson", _lines),
    "json-array": (b"application/json", _array),
    "aws": (b"application/vnd.amazon.eventstream", _aws),
}
"""A framing's content type, and what writes events in it."""


def framed(framing: str, events: Iterable[Event]) -> bytes:
    """Return a stream of these events."""
    return FRAMINGS[framing][1](events)


def aws_messages(raw: bytes) -> list[bytes]:
    """Return the messages of an AWS event stream as their lengths cut it; what is left over comes last."""
    messages, place = [], 0
    while place + 16 <= len(raw):
        (length,) = struct.unpack_from(">I", raw, place)
        if not 16 <= length <= len(raw) - place:
            break
        messages.append(raw[place : place + length])
        place += length
    return [*messages, raw[place:]] if place < len(raw) else messages
