"""Feed a case's body to the parsers that know nothing of dialects, whole, then in pieces."""

from collections.abc import Callable, Hashable
from typing import Final

from tests.fuzz.broken import require
from tests.fuzz.case import Case
from tests.support.framing import events_of
from tokenpulse.framing.aws_eventstream import AwsEventStreamFramer
from tokenpulse.framing.event import Event
from tokenpulse.framing.json_array import JsonArrayFramer
from tokenpulse.framing.long_event import HEAD_BYTES, MAX_EVENT_BYTES, TAIL_BYTES
from tokenpulse.framing.ndjson import NdjsonFramer
from tokenpulse.framing.sse import SseFramer
from tokenpulse.include_usage.usage_stripper import UsageStripper
from tokenpulse.reading.content_decoding import decoder_for
from tokenpulse.reading.framed_reader import Framer

FRAMERS: Final[tuple[Callable[[], Framer], ...]] = (
    SseFramer,
    NdjsonFramer,
    JsonArrayFramer,
    AwsEventStreamFramer,
)
DECODED_BYTES: Final = 64 * 1024
"""What a decoder may bring here: little, so that its bound is often met."""


def check_framers(case: Case) -> Hashable:
    """Split the body whole and in pieces by every framing: the same bounded events."""
    pieces = case.pieces()
    seen = []
    for framer in FRAMERS:
        whole, cut = framer(), framer()
        events = events_of(whole, [case.body])
        name = framer.__name__
        require(events_of(cut, pieces) == events, f"{name}: chunking changes events")
        require(cut.given_up == whole.given_up, f"{name}: chunking changes what is given up")
        require(all(map(_is_bounded, events)), f"{name}: an event out of bounds")
        seen.append((len(events).bit_length(), whole.given_up, any(event.tail for event in events)))
    return tuple(seen)


def _is_bounded(event: Event) -> bool:
    limit = HEAD_BYTES if event.tail else MAX_EVENT_BYTES
    return len(event.tail) <= TAIL_BYTES and (len(event.data) <= limit or event.name == b"error")


def check_decoder(case: Case) -> Hashable:
    """Decode the body whole and in pieces, in every coding: bounded, never raising; the same, if it is right."""
    seen = []
    for coding in (b"gzip", b"deflate", b"br", b"zstd"):
        whole, cut = decoder_for(coding, DECODED_BYTES), decoder_for(coding, DECODED_BYTES)
        assert whole is not None
        assert cut is not None
        plain, parts = whole.decode(case.body), [cut.decode(piece) for piece in case.pieces()]
        joined = b"".join(parts)
        require(max(len(plain), len(joined)) <= DECODED_BYTES, f"{coding!r}: more than its budget")
        require(whole.is_broken == cut.is_broken, f"{coding!r}: chunking changes is_broken")
        require(whole.is_over_budget == cut.is_over_budget, f"{coding!r}: chunking changes is_over_budget")
        if not whole.is_broken or whole.is_over_budget:
            require(plain == joined, f"{coding!r}: chunking changes what is decoded")
        seen.append((whole.is_broken, len(plain).bit_length()))
    return tuple(seen)


def check_stripper(case: Case) -> Hashable:
    """Take usage out of the body whole and in pieces: the same bytes, unless an event was too long to hold."""
    whole, cut = UsageStripper(), UsageStripper()
    kept = whole.feed(case.body, is_last=True)
    parts = [cut.feed(piece, is_last=False) for piece in case.pieces()]
    parts.append(cut.feed(b"", is_last=True))
    if not (whole.has_given_up or cut.has_given_up):
        require(b"".join(parts) == kept, "UsageStripper: chunking changes bytes")
    return len(kept) == len(case.body), whole.has_given_up
