"""Hold the bytes of one event, however long it grows.

Strategy: an event up to `MAX_EVENT_BYTES` is held whole. A longer one can still tell its usage (a
`response.completed` repeats the whole answer before it), which stands at its end: its first and last bytes stay.
Invariants: what is held depends on the event's bytes alone, not on how they were cut into pieces.
Bounds: `MAX_EVENT_BYTES` are held; a byte is copied a bounded number of times, so the cost is linear.
"""

from typing import Final

from tokenpulse.framing.event import Event

MAX_EVENT_BYTES: Final = 64 * 1024
"""Longest event that is held whole; chunks of real providers stay below 8 KiB."""

HEAD_BYTES: Final = 16 * 1024
"""First bytes kept of a longer one: they tell its type, often its model."""

TAIL_BYTES: Final = 32 * 1024
"""Last bytes kept of it: they hold the usage, with room for what providers put after it."""

_TRIM_BYTES: Final = MAX_EVENT_BYTES - HEAD_BYTES
"""How long the held end may grow before it is cut back to `TAIL_BYTES`."""


class LongEvent:
    """Collect the pieces of one event."""

    __slots__ = ("_head", "_kept", "length_bytes")

    def __init__(self) -> None:
        self.length_bytes = 0
        """Length of all pieces so far."""
        self._head = b""
        self._kept = bytearray()

    @property
    def is_long(self) -> bool:
        """Tell whether the event is too long to be held whole."""
        return self.length_bytes > MAX_EVENT_BYTES

    @property
    def head(self) -> bytes:
        """Return the whole event, or the first `HEAD_BYTES` of a long one."""
        return self._head if self.is_long else bytes(self._kept)

    @property
    def tail(self) -> bytes:
        """Return the last `TAIL_BYTES` of a long event; b"" for one that is held whole."""
        return bytes(self._kept[-TAIL_BYTES:]) if self.is_long else b""

    def add(self, piece: bytes) -> None:
        """Take the next piece, of any length."""
        was_long = self.is_long
        self.length_bytes += len(piece)
        if self.is_long and not was_long:
            self._head = bytes(self._kept[:HEAD_BYTES]) + piece[: max(HEAD_BYTES - len(self._kept), 0)]
        if self.is_long and len(piece) >= TAIL_BYTES:
            self._kept = bytearray(piece[-TAIL_BYTES:])
            return
        if self.is_long and len(self._kept) + len(piece) > _TRIM_BYTES:
            del self._kept[: len(piece) - TAIL_BYTES]
        self._kept += piece

    def event(self, name: bytes = b"") -> Event:
        """Return what is held as an event."""
        return Event(self.head, name, self.tail)


def event_of(data: bytes, name: bytes = b"") -> Event:
    """Return the event of these bytes, by the same rule as if they had come in pieces."""
    if len(data) <= MAX_EVENT_BYTES:
        return Event(data, name)
    return Event(data[:HEAD_BYTES], name, data[-TAIL_BYTES:])
