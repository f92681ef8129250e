"""Read a stream's facts event by event: for framings whose events cannot be told apart from the end.

Bounds: those of its framing; nothing else is held.
"""

from typing import Protocol

from tokenpulse.dialects.base import Dialect
from tokenpulse.dialects.facts import Content
from tokenpulse.framing.event import Event
from tokenpulse.reading.estimation import Tally
from tokenpulse.reading.event_facts import add_event, facts_of
from tokenpulse.reading.pace import Pace
from tokenpulse.reading.stream_facts import StreamFacts


class Framer(Protocol):
    """Turn a stream's bytes into events, without I/O; any chunking of the same bytes makes the same events."""

    given_up: int
    """Events that could not be read: broken, or too long where their ends tell nothing."""

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that this chunk completes, in order."""

    def finish(self) -> list[Event]:
        """Return what the end of the stream completes."""


class FramedReader:
    """Read one stream of any framing, in its order."""

    __slots__ = ("_dialect", "_framer", "_last_time", "_tally", "facts", "pace")

    def __init__(self, dialect: Dialect, framer: Framer, tally: Tally | None) -> None:
        self.facts = StreamFacts()
        self.pace = Pace()
        self._dialect = dialect
        self._framer = framer
        self._tally = tally
        self._last_time = 0.0

    def read(self, pieces: list[bytes], times: list[float], *, is_end: bool) -> None:
        """Take the next pieces and the times they were sent; `is_end`: nothing follows."""
        for piece, time in zip(pieces, times, strict=True):
            self._note(self._framer.feed(piece), time, is_end=False)
            self._last_time = time
        if is_end:
            self._note(self._framer.finish(), self._last_time, is_end=True)
        self.facts.given_up = self._framer.given_up

    def _note(self, events: list[Event], time: float, *, is_end: bool) -> None:
        """Take over what events say; one that breaks off where the stream broke off is no malformed one."""
        contents = 0
        for event in events:
            told = facts_of(event, self._dialect)
            if told is not None:
                self.facts.note(told, time)
                contents += told.content is not Content.NONE
                if self._tally is not None:
                    add_event(self._tally, event, told, self._dialect)
            elif not is_end:
                self.facts.has_malformed = True
        if contents:
            self.pace.add(time, contents)
