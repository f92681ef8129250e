"""The pieces that a replay sends."""

import pytest

from tokenpulse.explain.exchange import Exchange
from tokenpulse.explain.reads import Cut, reads_of
from tokenpulse.explain.seen_event import SeenEvent

EVENTS = [SeenEvent(0, 0, 3, "", None, False, ""), SeenEvent(1, 3, 7, "", None, False, "")]


@pytest.mark.parametrize(
    ("cut", "lengths", "pieces"),
    [
        ("events", (5, 5), (b"abc", b"defg", b"hij")),
        ("recorded", (5, 0, 5), (b"abcde", b"fghij")),
        ("recorded", None, (b"abc", b"defg", b"hij")),
        (4, None, (b"abcd", b"efgh", b"ij")),
        (100, None, (b"abcdefghij",)),
    ],
)
def test_pieces(cut: Cut, lengths: tuple[int, ...] | None, pieces: tuple[bytes, ...]) -> None:
    """By events, as recorded where that is known, or so many bytes each; together they are the body."""
    reads = reads_of(Exchange(b"abcdefghij", read_lengths=lengths), EVENTS, cut)

    assert reads.pieces == pieces


def test_piece_at_an_offset() -> None:
    """A piece is counted from 1 and found by the end of what it brought."""
    reads = reads_of(Exchange(b"abcdefghij"), EVENTS, 4)

    assert [reads.number_at(offset) for offset in (1, 4, 5, 10)] == [1, 1, 2, 3]
    assert not reads.is_by_event
    assert reads_of(Exchange(b"abcdefghij"), EVENTS, "events").is_by_event


def test_empty_bodies_have_no_piece() -> None:
    """Nothing is sent of a body that is empty."""
    assert reads_of(Exchange(b""), [], "events").pieces == ()
