"""Feed a framing every way a stream can be cut."""

from collections.abc import Iterable
from itertools import combinations

from tokenpulse.framing.event import Event
from tokenpulse.reading.framed_reader import Framer


def events_of(framer: Framer, chunks: Iterable[bytes]) -> list[Event]:
    """Return all events of these chunks."""
    events = [event for chunk in chunks for event in framer.feed(chunk)]
    return events + framer.finish()


def pieces_of(raw: bytes, size: int) -> list[bytes]:
    """Return the bytes in pieces of one size."""
    return [raw[at : at + size] for at in range(0, len(raw), size)]


def every_cut(raw: bytes) -> Iterable[list[bytes]]:
    """Give the bytes whole, one by one, and cut at every pair of places."""
    yield [raw]
    yield pieces_of(raw, 1)
    for first, second in combinations(range(len(raw) + 1), 2):
        yield [raw[:first], raw[first:second], raw[second:]]
