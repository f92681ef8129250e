"""Take out of an event stream what a server adds when usage is asked for, without I/O.

Strategy: the stream is cut at blank lines, as bytes; an event is looked at once its blank line is there.
Invariants: any chunking of the same bytes yields the same bytes; only an unfinished event waits, never a comment.
Bounds: an unfinished event is held up to `MAX_EVENT_BYTES`; a longer one ends the stripping of its stream.
"""

import re
from typing import Final

from tokenpulse.framing.long_event import MAX_EVENT_BYTES
from tokenpulse.include_usage.usage_chunks import MARK, lines_before, without_usage

_BLANK_LINE: Final = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r(?!\Z))")
"""A CR at the very end may be half of a CR LF, so it ends no event yet."""


_EDGE_BYTES: Final = 3
"""How much of what is held can be part of a blank line that the next chunk completes."""


class UsageStripper:
    """Hold what of one stream has not gone on yet; `has_given_up`: everything goes on as it comes."""

    __slots__ = ("_held", "has_given_up")

    def __init__(self) -> None:
        self._held = bytearray()
        self.has_given_up = False

    def feed(self, chunk: bytes, *, is_last: bool = False) -> bytes:
        """Return what goes on now that this chunk is there; with the last one, all that is left.

        Cost: O(chunk), besides what it completes.
        """
        held = self._held
        if self.has_given_up or (chunk.endswith(b"\n\n") and not held and MARK not in chunk):
            return chunk
        may_wait = held and not is_last and len(held) + len(chunk) <= MAX_EVENT_BYTES
        if may_wait and _BLANK_LINE.search(held[-_EDGE_BYTES:] + chunk) is None:
            held += chunk
            return b""
        passed, rest = _cut(bytes(held) + chunk)
        if is_last:
            passed, rest = passed + without_usage(rest), b""
        elif len(rest) > MAX_EVENT_BYTES:
            passed, rest = passed + rest, b""
            self.has_given_up = True
        self._held = bytearray(rest)
        return passed

    def release(self) -> bytes:
        """Return what is held, to go on although its end has not come."""
        held, self._held = bytes(self._held), bytearray()
        return held


def _cut(text: bytes) -> tuple[bytes, bytes]:
    """Return what goes on of the finished events, then the event that is unfinished."""
    passed: list[bytes] = []
    start = 0
    for match in _BLANK_LINE.finditer(text):
        passed.append(without_usage(text[start : match.end()]))
        start = match.end()
    rest = text[start:]
    begins = lines_before(rest)
    return b"".join((*passed, rest[:begins])), rest[begins:]
