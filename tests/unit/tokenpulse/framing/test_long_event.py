"""One event's bytes, held whole or by both ends, however they come."""

import tracemalloc

import pytest

from tests.support.framing import pieces_of
from tokenpulse.framing.event import Event
from tokenpulse.framing.long_event import HEAD_BYTES, MAX_EVENT_BYTES, TAIL_BYTES, LongEvent, event_of

ALPHABET = bytes(range(251))


def numbered(length: int) -> bytes:
    """Return bytes of which no two windows of this test's sizes are alike in place."""
    return (ALPHABET * (length // len(ALPHABET) + 1))[:length]


@pytest.mark.parametrize("length", [0, 1, MAX_EVENT_BYTES - 1, MAX_EVENT_BYTES])
@pytest.mark.parametrize("size", [1, 4096, 10**6])
def test_event_up_to_the_bound_is_held_whole(length: int, size: int) -> None:
    """Nothing is cut from an event of at most 64 KiB."""
    raw = numbered(length)
    held = LongEvent()
    for piece in pieces_of(raw, size):
        held.add(piece)

    assert held.event(b"name") == Event(raw, b"name") == event_of(raw, b"name")
    assert (held.is_long, held.length_bytes) == (False, length)


@pytest.mark.parametrize("length", [MAX_EVENT_BYTES + 1, 3 * MAX_EVENT_BYTES + 7, 10**6])
@pytest.mark.parametrize("size", [1, 100, HEAD_BYTES - 1, TAIL_BYTES - 1, TAIL_BYTES, 50_000, 70_000, 10**7])
def test_longer_event_keeps_both_ends(length: int, size: int) -> None:
    """The first 16 KiB and the last 32 KiB stay, whatever the pieces."""
    raw = numbered(length)
    held = LongEvent()
    for piece in pieces_of(raw, size):
        held.add(piece)

    assert (
        held.event(b"name") == Event(raw[:HEAD_BYTES], b"name", raw[-TAIL_BYTES:]) == event_of(raw, b"name")
    )
    assert (held.is_long, held.length_bytes) == (True, length)


def test_memory_is_bounded() -> None:
    """16 MiB in pieces cost no more than one event that just fits, twice over while a buffer grows."""
    piece = bytes(5000)
    held = LongEvent()
    tracemalloc.start()
    for _ in range(16 * 1024 * 1024 // len(piece)):
        held.add(piece)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak_bytes < 2 * MAX_EVENT_BYTES
