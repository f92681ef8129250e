"""Split an AWS event stream into events, without I/O.

Layout, big-endian: u32 total length, u32 length of headers, u32 CRC of these eight bytes | headers | payload |
u32 CRC of all before it. Specification: https://smithy.io/2.0/aws/amazon-eventstream.html
Strategy: a message is read section by section; each byte is checksummed once, as it comes.
Invariants: any chunking of the same bytes yields the same events; an event is given only after its CRC was
right. A message with a wrong CRC is dropped. After a wrong prelude nobody knows where the next message begins:
all that follows is ignored. A message that the stream's end cuts off is no event.
Bounds: headers, and payload, are held up to `MAX_EVENT_BYTES` each; of longer ones only both ends are.
"""

from enum import Enum, auto
from typing import Final
from zlib import crc32

import orjson

from tokenpulse.framing.aws_headers import text_headers
from tokenpulse.framing.event import Event
from tokenpulse.framing.long_event import LongEvent

_PRELUDE_BYTES: Final = 12
_CHECKED_PRELUDE_BYTES: Final = 8
_CRC_BYTES: Final = 4
_MAX_HEADERS_BYTES: Final = 128 * 1024
"""Longest headers; botocore's `eventstream.py` refuses longer ones."""

_MAX_PAYLOAD_BYTES: Final = 24 * 1024 * 1024
"""Longest payload; botocore's limit since 2023, 16 MiB before."""


class _Section(Enum):
    PRELUDE = auto()
    HEADERS = auto()
    PAYLOAD = auto()
    CRC = auto()
    LOST = auto()
    """After a wrong prelude."""


class AwsEventStreamFramer:
    """Collect the chunks of one stream; give each event once, as soon as its message has ended."""

    __slots__ = (
        "_crc",
        "_headers",
        "_held",
        "_missing_bytes",
        "_payload",
        "_payload_bytes",
        "_section",
        "given_up",
    )

    def __init__(self) -> None:
        self.given_up = 0
        """Messages dropped for a wrong CRC, and 1 for a wrong prelude."""
        self._headers = b""
        self._payload = LongEvent()
        self._payload_bytes = 0
        self._crc = 0
        self._enter(_Section.PRELUDE, _PRELUDE_BYTES)

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that this chunk completes, in order."""
        events: list[Event] = []
        place = 0
        while place < len(chunk) and self._section is not _Section.LOST:
            piece = chunk[place : place + self._missing_bytes]
            place += len(piece)
            self._take(piece, events)
        return events

    def finish(self) -> list[Event]:
        """Return nothing: a message that has not ended cannot be checked."""
        return []

    def _take(self, piece: bytes, events: list[Event]) -> None:
        """Add a piece to its section; several end with it where headers or payload are empty."""
        self._missing_bytes -= len(piece)
        self._held.add(piece)
        if self._section is not _Section.CRC:
            self._crc = crc32(piece, self._crc)
        while not self._missing_bytes and self._section is not _Section.LOST:
            self._end_section(events)

    def _enter(self, section: _Section, length_bytes: int) -> None:
        self._section = section
        self._missing_bytes = length_bytes
        self._held = LongEvent()

    def _end_section(self, events: list[Event]) -> None:
        if self._section is _Section.PRELUDE:
            self._end_prelude(self._held.head)
        elif self._section is _Section.HEADERS:
            self._headers = self._held.head
            self._enter(_Section.PAYLOAD, self._payload_bytes)
        elif self._section is _Section.PAYLOAD:
            self._payload = self._held
            self._enter(_Section.CRC, _CRC_BYTES)
        else:
            if int.from_bytes(self._held.head, "big") == self._crc:
                events.append(_message_event(text_headers(self._headers), self._payload))
            else:
                self.given_up += 1
            self._crc = 0
            self._enter(_Section.PRELUDE, _PRELUDE_BYTES)

    def _end_prelude(self, prelude: bytes) -> None:
        total_bytes, headers_bytes, crc = (int.from_bytes(prelude[at : at + 4], "big") for at in (0, 4, 8))
        self._payload_bytes = total_bytes - headers_bytes - _PRELUDE_BYTES - _CRC_BYTES
        is_right = (
            crc == crc32(prelude[:_CHECKED_PRELUDE_BYTES])
            and headers_bytes <= _MAX_HEADERS_BYTES
            and 0 <= self._payload_bytes <= _MAX_PAYLOAD_BYTES
        )
        if is_right:
            self._enter(_Section.HEADERS, headers_bytes)
        else:
            self.given_up += 1
            self._enter(_Section.LOST, 0)


def _message_event(headers: dict[bytes, bytes], payload: LongEvent) -> Event:
    """Return the event of a message; an exception or error message is given as the error it tells."""
    kind = headers.get(b":message-type")
    if kind == b"exception":
        return _error_event(headers.get(b":exception-type"), _message_of(payload.head))
    if kind == b"error":
        message = headers.get(b":error-message")
        return _error_event(headers.get(b":error-code"), None if message is None else _text(message))
    return payload.event(headers.get(b":event-type", b""))


def _error_event(kind: bytes | None, message: str | None) -> Event:
    told = {"type": None if kind is None else _text(kind), "message": message}
    known = {name: value for name, value in told.items() if value is not None}
    return Event(orjson.dumps({"error": known}), b"error")


def _message_of(payload: bytes) -> str | None:
    """Return the `message` or `Message` of an exception's payload, None where there is none."""
    try:
        told = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(told, dict):
        return None
    message = told.get("message", told.get("Message"))
    return message if isinstance(message, str) else None


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
