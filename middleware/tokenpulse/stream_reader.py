"""Read a stream's facts from its kept pieces: forward to the first content, backward for the rest.

Strategy: while tokens flow, pieces and times are only collected. At the end (or when `WHOLE_BYTES` are held)
one segment is read: forward until first content is found, then backward until last content, usage and
every finish reason are known. Events between are passed over unparsed, by `Mark.is_set_in`.
Invariants: a segment starts where an event starts; an event's time is that of the piece which completed it;
a newer segment's facts win over an older one's.
Bounds: what one segment leaves for the next is one unfinished event, at most `MAX_EVENT_BYTES`.
"""

from tokenpulse.dialects.base import Content, Dialect
from tokenpulse.framing.sse import MAX_EVENT_BYTES, SseEvent, SseFramer, with_line_feeds
from tokenpulse.stream_facts import StreamFacts
from tokenpulse.stream_segment import BLANK_LINE, Segment
from tokenpulse.stream_tail import TailReading


class StreamReader:
    """Read one stream, segment by segment."""

    __slots__ = ("_carried", "_choices", "_dialect", "_has_open_cr", "_is_skipping", "_last_time", "facts")

    def __init__(self, dialect: Dialect, choices: int) -> None:
        self.facts = StreamFacts()
        self._dialect = dialect
        self._choices = choices
        self._carried = b""
        self._has_open_cr = False
        self._last_time = 0.0
        self._is_skipping = False

    def read(self, pieces: list[bytes], times: list[float], *, is_end: bool) -> None:
        """Take the next pieces and the times they were sent; `is_end`: nothing follows."""
        if not pieces and not self._carried:
            return
        text = b"".join(pieces)
        segment = self._segment(pieces, times, b"\r" in text)
        if segment.pieces is not pieces:
            text = b"".join(segment.pieces)
        end = len(text) if is_end else text.rfind(BLANK_LINE) + 2
        self._carry(text, 0 if end == 1 else end)
        if end > 1:
            segment.close(text, end)
            facts = self.facts
            if facts.first_visible_at is None:
                self._read_forward(segment, is_end)
            TailReading(self._dialect, self._choices, facts).run(segment)

    def _segment(self, pieces: list[bytes], times: list[float], has_cr: bool) -> Segment:
        kept = pieces
        if has_cr or self._has_open_cr:
            kept = []
            for piece in pieces:
                line, self._has_open_cr = with_line_feeds(piece, self._has_open_cr)
                kept.append(line)
        if self._is_skipping:
            kept = self._skipped(kept)
        if times:
            self._last_time = times[-1]
        if self._carried:
            kept = [self._carried, *kept]
            times = [times[0] if times else self._last_time, *times]
        return Segment(kept, times)

    def _skipped(self, pieces: list[bytes]) -> list[bytes]:
        """Return the pieces without what belongs to the event that was given up."""
        kept = list(pieces)
        text = self._carried + b"".join(kept)
        cut = text.find(BLANK_LINE)
        self._is_skipping = cut < 0
        left = (len(text) if cut < 0 else cut + 2) - len(self._carried)
        self._carried = b"\n" if cut < 0 and text.endswith(b"\n") else b""
        for place, piece in enumerate(kept):
            kept[place] = piece[left:]
            left = max(left - len(piece), 0)
            if not left:
                break
        return kept

    def _carry(self, text: bytes, end: int) -> None:
        rest = text[end:]
        if len(rest) > MAX_EVENT_BYTES:
            self.facts.given_up += 1
            self._is_skipping = True
            rest = b"\n" if rest.endswith(b"\n") else b""
        self._carried = rest

    def _read_forward(self, segment: Segment, is_end: bool) -> None:
        framer = SseFramer()
        for piece, time in zip(segment.pieces, segment.times, strict=False):
            for event in framer.feed(piece):
                if self._note_first(event, time):
                    return
        if is_end:
            was_malformed = self.facts.has_malformed
            for event in framer.finish():
                self._note_first(event, segment.times[-1])
            # An event that breaks off where the stream broke off is no malformed one.
            self.facts.has_malformed = was_malformed

    def _note_first(self, event: SseEvent, time: float) -> bool:
        """Return True once the first visible content is known."""
        facts = self.facts
        told = self._dialect.event(event.name, event.data)
        if told is None:
            facts.has_malformed = True
            return False
        if facts.model is None:
            facts.model = told.model
        if told.content is not Content.NONE:
            if facts.first_content_at is None:
                facts.first_content_at = time
            if told.content is Content.VISIBLE:
                facts.first_visible_at = time
                return True
        return False
