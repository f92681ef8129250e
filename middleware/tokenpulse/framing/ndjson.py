"""Split newline-delimited JSON into events, one a line, without I/O.

Strategy: only LF is looked for; a chunk is searched once and an unfinished line is never searched again.
Invariants: any chunking of the same bytes yields the same events; a line ends with LF or CR LF; blank lines are
no events; the last line counts although no LF ends it; a byte order mark before the first line is passed over.
Bounds: an unfinished line is held up to `MAX_EVENT_BYTES`; of a longer one only both ends are (`LongEvent`).
"""

from typing import Final

from tokenpulse.framing.event import Event
from tokenpulse.framing.long_event import LongEvent, event_of

_BOM: Final = b"\xef\xbb\xbf"


class NdjsonFramer:
    """Collect the chunks of one stream; give each line once, as soon as its LF is there."""

    __slots__ = ("_is_at_start", "_line", "given_up")

    def __init__(self) -> None:
        self._line = LongEvent()
        self._is_at_start = True
        self.given_up = 0
        """Always 0: no line is dropped."""

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that this chunk completes, in order."""
        *ended, rest = chunk.split(b"\n")
        events = [event for piece in ended if (event := self._end_line(piece)) is not None]
        if rest:
            self._line.add(rest)
        return events

    def finish(self) -> list[Event]:
        """Return the last line, if the stream ended without the LF that ends it."""
        event = self._end_line(b"")
        return [] if event is None else [event]

    def _end_line(self, piece: bytes) -> Event | None:
        """Return the event of what is held and the line's last piece; None for a blank line."""
        if self._line.length_bytes:
            self._line.add(piece)
            event = self._line.event()
            self._line = LongEvent()
        else:
            event = event_of(piece)
        data, tail = event.data, event.tail
        if self._is_at_start:
            data = data.removeprefix(_BOM)
            self._is_at_start = False
        if tail:
            return Event(data, tail=tail.removesuffix(b"\r"))
        data = data.removesuffix(b"\r")
        return Event(data) if data.strip() else None
