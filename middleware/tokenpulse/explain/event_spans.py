"""Cut a whole body into its events, knowing which bytes each is made of.

Strategy: the framers that the middleware uses are fed pieces that end where an event can end, so the piece that
makes a framer give an event is the one that completes it. Linear in the body's length.
"""

import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final, NamedTuple

from tokenpulse.framing.event import Event
from tokenpulse.framing.sse import SseFramer
from tokenpulse.reading.framed_reader import Framer
from tokenpulse.reading.stream_framing import Framing, framer_of

_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_ELEMENT_END: Final = re.compile(rb"[,}\]]")
_BEFORE_LINE: Final = re.compile(rb"\s*+")
_BEFORE: Final = MappingProxyType(
    {
        Framing.JSON_ARRAY: re.compile(rb"[\s,\[\xef\xbb\xbf]*+"),
        Framing.AWS_EVENT_STREAM: re.compile(b""),
    }
)
"""What may stand between two events and belongs to none."""

_AFTER_ELEMENTS: Final = re.compile(rb"[\s,]*+(\].*+)?", re.DOTALL)
_LEAST_MESSAGE_BYTES: Final = 16


class Span(NamedTuple):
    """Tell where an event stands: `body[start:end]`.

    `event`: None when the framing could not read it. `is_last`: the body ended before its event did, which is
    usual for the last event of a server-sent stream.
    """

    start: int
    end: int
    event: Event | None
    is_last: bool = False


def event_spans(body: bytes, framing: Framing) -> list[Span]:
    """Return the events of a body that is a stream, in its order."""
    framer: Framer = framer_of(framing) or SseFramer()
    before = _BEFORE.get(framing, _BEFORE_LINE)
    is_by_line = before is _BEFORE_LINE
    spans: list[Span] = []
    start = fed = given_up = 0
    for place in _places(body, framing):
        piece, fed = body[fed:place], place
        events = framer.feed(piece)
        if events or framer.given_up > given_up:
            given_up = framer.given_up
            begin = _after(before, body, start)
            spans += [Span(begin, place, event) for event in events or (None,)]
            start = place
        elif is_by_line and not piece.strip():
            start = place  # what stood before is no event: a comment, blank lines
    spans += _rest(framer, body, _after(before, body, start), framing)
    return spans


def _rest(framer: Framer, body: bytes, start: int, framing: Framing) -> list[Span]:
    """Return what the body's end leaves: an event that nothing ended, or bytes that are none."""
    events = framer.finish()
    if events:
        return [Span(start, len(body), events[0], is_last=True)]
    is_checked = framing in (Framing.AWS_EVENT_STREAM, Framing.JSON_ARRAY)
    if framing is Framing.JSON_ARRAY and _AFTER_ELEMENTS.fullmatch(body, start):
        is_checked = False
    return [Span(start, len(body), None, is_last=True)] if is_checked and start < len(body) else []


def _after(filler: re.Pattern[bytes], body: bytes, start: int) -> int:
    match = filler.match(body, start)
    return start if match is None else match.end()


def _places(body: bytes, framing: Framing) -> Iterator[int]:
    """Give the offsets where an event can end, the body's end as the last."""
    if framing is Framing.AWS_EVENT_STREAM:
        yield from _message_ends(body)
    else:
        pattern = _ELEMENT_END if framing is Framing.JSON_ARRAY else _LINE_END
        for match in pattern.finditer(body):
            yield match.end()
    yield len(body)


def _message_ends(body: bytes) -> Iterator[int]:
    at = 0
    while at + 4 <= len(body):
        at += max(int.from_bytes(body[at : at + 4], "big"), _LEAST_MESSAGE_BYTES)
        if at <= len(body):
            yield at
