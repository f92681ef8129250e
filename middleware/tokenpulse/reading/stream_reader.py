"""Read an event stream's facts from its kept pieces: forward to the first visible content, backward for the rest.

Strategy: while tokens flow, pieces and times are only collected. At the end (or when `WHOLE_BYTES` are held)
one segment is read: forward until visible content is found, then backward until last content, usage and
every finish reason are known. Events between are passed over unparsed, by their `Marks`.
Invariants: a segment starts where an event starts; an event's time is that of the piece which completed it;
a newer segment's facts win over an older one's.
Bounds: what one segment leaves for the next is one unfinished event, at most `MAX_EVENT_BYTES` of it.
"""

from tokenpulse.dialects.base import Dialect
from tokenpulse.framing.event import Event
from tokenpulse.framing.sse import BLANK_LINE, LongBlock, event_of, is_too_long, with_line_feeds
from tokenpulse.reading.estimation import Tally
from tokenpulse.reading.event_facts import add_event, facts_of
from tokenpulse.reading.pace import Pace
from tokenpulse.reading.stream_facts import StreamFacts
from tokenpulse.reading.stream_segment import Segment
from tokenpulse.reading.stream_tail import TailReading


class StreamReader:
    """Read one server-sent event stream, segment by segment."""

    __slots__ = (
        "_carried",
        "_choices",
        "_dialect",
        "_has_open_cr",
        "_last_time",
        "_long",
        "_tally",
        "facts",
        "pace",
    )

    def __init__(self, dialect: Dialect, choices: int, tally: Tally | None = None) -> None:
        self.facts = StreamFacts()
        self.pace = Pace()
        self._dialect = dialect
        self._choices = choices
        self._tally = tally
        self._carried = b""
        self._has_open_cr = False
        self._last_time = 0.0
        self._long: LongBlock | None = None

    def read(self, pieces: list[bytes], times: list[float], *, is_end: bool) -> None:
        """Take the next pieces and the times they were sent; `is_end`: nothing follows."""
        if times:
            self._last_time = times[-1]
        text = b"".join(pieces)
        if b"\r" in text or self._has_open_cr:
            pieces = self._with_line_feeds(pieces)
            text = b"".join(pieces)
        if self._long is not None:
            pieces, times = self._after_long(self._long, pieces, times, is_end)
            text = b"".join(pieces)
        if self._carried:
            pieces, times = [self._carried, *pieces], [times[0] if times else self._last_time, *times]
            text = self._carried + text
        if text:
            self._read_segment(text, pieces, times, is_end)

    def _read_segment(self, text: bytes, pieces: list[bytes], times: list[float], is_end: bool) -> None:
        end = len(text) if is_end else text.rfind(BLANK_LINE) + 2
        if end == 1:
            end = 0
        self._carry(text[end:])
        if end:
            segment = Segment(text, end, pieces, times)
            if self.facts.first_visible_at is None:
                self._read_forward(segment)
            TailReading(self._dialect, self._choices, self.facts).run(segment)
            self.pace.add_pieces(pieces, times, self._dialect.marks.content, self.facts)
            if self._tally is not None and not (is_end and self._tells_output()):
                self._estimate(self._tally, text[:end])

    def _tells_output(self) -> bool:
        """Tell whether the stream came to an end that told its usage; before it, Anthropic's is a placeholder."""
        facts = self.facts
        is_ended = bool(facts.finishes) or facts.is_terminated
        return is_ended and facts.usage is not None and facts.usage.tokens_output is not None

    def _estimate(self, tally: Tally, text: bytes) -> None:
        """Count every event of a segment; usage may still come, but its events do not come again."""
        for block in text.split(BLANK_LINE):
            event = event_of(block)
            told = None if event is None else facts_of(event, self._dialect)
            if event is not None and told is not None:
                add_event(tally, event, told, self._dialect)

    def _with_line_feeds(self, pieces: list[bytes]) -> list[bytes]:
        kept = []
        for piece in pieces:
            line, self._has_open_cr = with_line_feeds(piece, self._has_open_cr)
            kept.append(line)
        return kept

    def _after_long(
        self, held: LongBlock, pieces: list[bytes], times: list[float], is_end: bool
    ) -> tuple[list[bytes], list[float]]:
        """Return the pieces after the event that is too long to keep, once that has ended and was noted."""
        for place, piece in enumerate(pieces):
            taken = held.take(piece)
            if taken is not None:
                event, rest = taken
                self._long = None
                self._note_long(event, times[place])
                return [rest, *pieces[place + 1 :]], times[place:]
        if is_end:
            self._long = None
            self._note_long(held.finish(), self._last_time)
        return [], []

    def _note_long(self, event: Event | None, time: float) -> None:
        """Take over an event that no segment holds, so that nobody else counts it for the estimate."""
        self._note(event, time)
        told = None if event is None else facts_of(event, self._dialect)
        if self._tally is not None and event is not None and told is not None:
            add_event(self._tally, event, told, self._dialect)

    def _carry(self, rest: bytes) -> None:
        self._carried = rest
        if is_too_long(rest):
            self._long = LongBlock(rest)
            self._carried = b""

    def _read_forward(self, segment: Segment) -> None:
        while self.facts.first_visible_at is None and (found := segment.next()) is not None:
            block, completed = found
            self._note(event_of(block), segment.time_at(completed), is_cut=segment.is_cut(completed))

    def _note(self, event: Event | None, time: float, *, is_cut: bool = False) -> None:
        """Take over what an event says; one that breaks off where the stream broke off is no malformed one."""
        if event is None:
            return
        told = facts_of(event, self._dialect)
        if told is not None:
            self.facts.note(told, time)
        elif not is_cut:
            self.facts.has_malformed = True
