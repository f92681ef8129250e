"""Walk backward over the events of a stream's segment, knowing when each was completed."""

from typing import Final

BLANK_LINE: Final = b"\n\n"
_LINE_FEED: Final = 0x0A


class Segment:
    """Hold a segment: pieces with LF line ends, their times, and how far it was walked."""

    __slots__ = ("_end", "_piece", "_piece_start", "pieces", "text", "times")

    def __init__(self, pieces: list[bytes], times: list[float]) -> None:
        self.pieces = pieces
        self.times = times
        self.text = b""
        self._end = 0
        self._piece = len(pieces) - 1
        self._piece_start = 0

    def close(self, text: bytes, end: int) -> None:
        """Fix what is read: `text` up to `end`."""
        self.text = text
        self._end = end
        self._piece_start = len(text) - len(self.pieces[-1])

    def previous(self) -> tuple[bytes, int] | None:
        """Return the block before the last one returned and the offset that completed it; None at the start."""
        while self._end > 0:
            stop = self._end
            while stop and self.text[stop - 1] == _LINE_FEED:
                stop -= 1
            start = self.text.rfind(BLANK_LINE, 0, stop)
            self._end = start + 2 if start >= 0 else 0
            block = self.text[self._end : stop]
            if block:
                return block, min(stop + 2, len(self.text))
        return None

    def time_at(self, offset: int) -> float:
        """Return when the byte before an offset was sent; offsets must not grow from call to call."""
        while self._piece > 0 and offset <= self._piece_start:
            self._piece -= 1
            self._piece_start -= len(self.pieces[self._piece])
        return self.times[self._piece]
