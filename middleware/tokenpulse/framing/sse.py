"""Split a server-sent event stream into events, without I/O.

Strategy: `feed` cuts what it has at blank lines; whole lines are looked at only inside a finished event.
Invariants: any chunking of the same bytes yields the same events; a CR LF pair is one line end, also when a
chunk ends between the two; work is on bytes, so no character is ever cut and U+2028 ends no line.
Bounds: an unfinished event is held up to `MAX_EVENT_BYTES`; of a longer one only both ends are (`LongEvent`).
Differs from the standard where providers do: the last event counts although no blank line ends it, an `error`
field makes an event (llama.cpp ends a broken stream so), a byte order mark is passed over before any event.
"""

from typing import Final

import orjson

from tokenpulse.framing.event import Event
from tokenpulse.framing.long_event import MAX_EVENT_BYTES, LongEvent

BLANK_LINE: Final = b"\n\n"
_BOM: Final = b"\xef\xbb\xbf"


def event_of(block: bytes) -> Event | None:
    """Return the event that the lines of a block make, None if they make none (comments, empty lines).

    block: lines separated by LF, without CR.
    """
    if b"\n" not in block and block.startswith(b"data: ") and len(block) <= MAX_EVENT_BYTES:
        return Event(block[6:])
    if len(block) > MAX_EVENT_BYTES:
        held = LongEvent()
        held.add(block)
        return long_event_of(held)
    data: list[bytes] = []
    fields = {b"event": b"", b"error": b""}
    for line in block.removeprefix(_BOM).split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field in fields:
            fields[field] = value
    if fields[b"error"]:
        return _error_event(fields[b"error"])
    return Event(b"\n".join(data), fields[b"event"]) if data else None


def long_event_of(held: LongEvent) -> Event | None:
    """Return the event whose ends are held; None if it is a comment, however long."""
    event = event_of(held.head)
    return None if event is None else event._replace(tail=held.tail)


def _error_event(value: bytes) -> Event:
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError:
        value = orjson.dumps(value.decode("utf-8", "replace"))
    return Event(b'{"error":' + value + b"}", b"error")


def with_line_feeds(chunk: bytes, has_open_cr: bool) -> tuple[bytes, bool]:
    """Return the chunk with LF for every line end, then whether it ended in a CR whose LF may follow.

    has_open_cr: what this function said of the chunk before.
    """
    if not chunk or (b"\r" not in chunk and not has_open_cr):
        return chunk, has_open_cr
    ends_in_cr = chunk.endswith(b"\r")
    if has_open_cr:
        chunk = chunk.removeprefix(b"\n")
    return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), ends_in_cr


def is_too_long(rest: bytes) -> bool:
    """Tell whether an unfinished event is too long to hold; an LF at its end may begin its blank line."""
    return len(rest) - rest.endswith(b"\n") > MAX_EVENT_BYTES


class LongBlock:
    """Hold the ends of a block too long to keep, until its blank line comes."""

    def __init__(self, rest: bytes) -> None:
        self._held = LongEvent()
        self._open_line_feed = b""
        self.take(rest)

    def take(self, text: bytes) -> tuple[Event | None, bytes] | None:
        """Return the event and what follows its blank line; None while that has not come.

        text: with LF line ends. The event is None for a comment.
        """
        text = self._open_line_feed + text
        end = text.find(BLANK_LINE)
        if end < 0:
            self._open_line_feed = b"\n" if text.endswith(b"\n") else b""
            self._held.add(text[: len(text) - len(self._open_line_feed)])
            return None
        self._held.add(text[:end])
        return self.finish(), text[end + 2 :]

    def finish(self) -> Event | None:
        """Return the event of what is held."""
        return long_event_of(self._held)


class SseFramer:
    """Collect the chunks of one stream; give each event once, as soon as its blank line is there."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._has_open_cr = False
        self._long: LongBlock | None = None
        self.given_up = 0
        """Always 0: no event is dropped."""

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that this chunk completes, in order."""
        chunk, self._has_open_cr = with_line_feeds(chunk, self._has_open_cr)
        events: list[Event | None] = []
        if self._long is not None:
            taken = self._long.take(chunk)
            if taken is None:
                return []
            self._long = None
            event, chunk = taken
            events.append(event)
        self._held.append(chunk)
        self._held_bytes += len(chunk)
        if b"\n" in chunk or self._held_bytes > MAX_EVENT_BYTES:
            *blocks, rest = b"".join(self._held).split(BLANK_LINE)
            events += map(event_of, blocks)
            if is_too_long(rest):
                self._long = LongBlock(rest)
                rest = b""
            self._held, self._held_bytes = [rest], len(rest)
        return [event for event in events if event is not None]

    def finish(self) -> list[Event]:
        """Return the last event, if the stream ended without the blank line that ends it."""
        long, held = self._long, b"".join(self._held)
        event = event_of(held) if long is None else long.finish()
        self._held, self._long = [], None
        return [] if event is None else [event]
