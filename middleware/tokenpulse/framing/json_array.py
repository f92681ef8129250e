"""Split a body that is one JSON array into its elements, without I/O.

Strategy: a scanner steps from bracket to string to bracket and counts depth. What it knows (depth, whether it is
inside a string, after a backslash) outlasts the chunk, so that no byte is scanned twice.
Invariants: any chunking of the same bytes yields the same events; an object, array or text is given with its
last byte, a number or word with the byte after it; an element that the stream's end cuts off is no event.
Bounds: an unfinished element is held up to `MAX_EVENT_BYTES`; of a longer one only both ends are (`LongEvent`).
Lenient where nothing is lost: kinds of brackets need not match, what stands after the array is ignored, a single
object counts as an array of one. A body that begins otherwise is given up whole.
"""

import re
from enum import Enum, auto
from typing import Final

from tokenpulse.framing.event import Event
from tokenpulse.framing.long_event import LongEvent, event_of

_BEFORE: Final = re.compile(rb"[\s\xef\xbb\xbf]*+")
"""White space, and the bytes of a byte order mark, before the array."""

_BETWEEN: Final = re.compile(rb"[\s,]*+")
_WORD: Final = re.compile(rb'[^\s,\[\]{}"]*+')
_REST_OF_STRING: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_TOKEN: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]"]', re.DOTALL)
_OPENING: Final = (b"{", b"[")
_CLOSING: Final = (b"}", b"]")


class _Part(Enum):
    BEFORE = auto()
    BETWEEN = auto()
    WORD = auto()
    """Inside an element that is a number, true, false or null."""
    NESTED = auto()
    """Inside an element that is an object, an array or a text."""
    AFTER = auto()


class JsonArrayFramer:
    """Collect the chunks of one stream; give each element once, as soon as it has ended."""

    __slots__ = (
        "_depth",
        "_element",
        "_is_after_backslash",
        "_is_in_string",
        "_is_single",
        "_part",
        "given_up",
    )

    def __init__(self) -> None:
        self._part = _Part.BEFORE
        self._element = LongEvent()
        self._depth = 0
        self._is_in_string = False
        self._is_after_backslash = False
        self._is_single = False
        self.given_up = 0
        """1 when the body begins neither with an array nor with an object, else 0."""

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that this chunk completes, in order."""
        events: list[Event] = []
        place = 0
        while place < len(chunk) and self._part is not _Part.AFTER:
            if self._part is _Part.BEFORE:
                place = self._open(chunk, place)
            elif self._part is _Part.BETWEEN:
                place = self._begin(chunk, place)
            else:
                place = self._read_element(chunk, place, events)
        return events

    def finish(self) -> list[Event]:
        """Return nothing: an element that has not ended is not readable."""
        return []

    def _open(self, chunk: bytes, place: int) -> int:
        place = _skipped(_BEFORE, chunk, place)
        first = chunk[place : place + 1]
        if first == b"[":
            self._part = _Part.BETWEEN
            return place + 1
        if first == b"{":
            self._is_single = True
            self._part = _Part.NESTED
        elif first:
            self.given_up = 1
            self._part = _Part.AFTER
        return place

    def _begin(self, chunk: bytes, place: int) -> int:
        place = _skipped(_BETWEEN, chunk, place)
        first = chunk[place : place + 1]
        if first in _CLOSING:
            self._part = _Part.AFTER
        elif first == b'"' or first in _OPENING:
            self._part = _Part.NESTED
        elif first:
            self._part = _Part.WORD
        return place

    def _read_element(self, chunk: bytes, start: int, events: list[Event]) -> int:
        """Return where the element ends, or the chunk's length; an element that ends is added to the events."""
        if self._part is _Part.WORD:
            end = _skipped(_WORD, chunk, start)
            has_ended = end < len(chunk)
        else:
            end = self._nested_end(chunk, start)
            has_ended = not self._depth and not self._is_in_string
        piece = chunk[start:end]
        if not has_ended:
            self._element.add(piece)
        elif self._element.length_bytes:
            self._element.add(piece)
            events.append(self._element.event())
            self._element = LongEvent()
        else:
            events.append(event_of(piece))
        if has_ended:
            self._part = _Part.AFTER if self._is_single else _Part.BETWEEN
        return end

    def _nested_end(self, chunk: bytes, place: int) -> int:
        if self._is_in_string:
            place = self._string_end(chunk, place)
            if not self._depth:
                return place
        for match in _TOKEN.finditer(chunk, place):
            token = match[0]
            if token in _OPENING:
                self._depth += 1
            elif token in _CLOSING:
                self._depth -= 1
            elif token == b'"':
                self._is_in_string = True
                return self._string_end(chunk, match.end())
            if not self._depth:
                return match.end()
        return len(chunk)

    def _string_end(self, chunk: bytes, place: int) -> int:
        """Return the place after the string's closing quote, or the chunk's length."""
        end = _skipped(_REST_OF_STRING, chunk, place + self._is_after_backslash)
        # What stops short of the chunk's end is a quote, or a backslash that is the chunk's last byte.
        self._is_after_backslash = chunk[end : end + 1] == b"\\"
        self._is_in_string = end >= len(chunk) or self._is_after_backslash
        return min(end + 1, len(chunk))


def _skipped(pattern: re.Pattern[bytes], chunk: bytes, place: int) -> int:
    match = pattern.match(chunk, place)
    return place if match is None else match.end()
