"""Events of a byte stream, however it is cut and whatever its line ends are."""

from itertools import combinations

import pytest

from tokenpulse.framing.event import Event
from tokenpulse.framing.long_event import HEAD_BYTES, MAX_EVENT_BYTES, TAIL_BYTES
from tokenpulse.framing.sse import SseFramer


def events_of(*chunks: bytes) -> list[Event]:
    framer = SseFramer()
    events = [event for chunk in chunks for event in framer.feed(chunk)]
    return events + framer.finish()


@pytest.mark.parametrize(
    ("raw", "events"),
    [
        (b"data: a\n\n", [Event(b"a")]),
        (b"data:a\n\ndata:  b\n\n", [Event(b"a"), Event(b" b")]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [Event(b"a"), Event(b"b")]),
        (b"data: a\r\rdata: b\r\r", [Event(b"a"), Event(b"b")]),
        (b"data: a\ndata: b\n\n", [Event(b"a\nb")]),
        (b"event: x\nid: 7\ndata: a\n\n", [Event(b"a", b"x")]),
        (b": ping\n\n:\n\ndata: a\n\n\n\n\n: end\n\n", [Event(b"a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [Event(b"a")]),
        (b"data: a", [Event(b"a")]),
        (b"data: a\n\ndata: b\n", [Event(b"a"), Event(b"b")]),
        (b"data\n\n", [Event(b"")]),
        (b'error: {"code":1}\n\n', [Event(b'{"error":{"code":1}}', b"error")]),
        (b"error: gone\n\n", [Event(b'{"error":"gone"}', b"error")]),
        ("data: \u2028\u0085\u2029\n\n".encode(), [Event("\u2028\u0085\u2029".encode())]),
        (b"", []),
        (b"\n\n\n", []),
        (b"nonsense\n\n", []),
    ],
)
def test_events_at_every_cut(raw: bytes, events: list[Event]) -> None:
    """Whole, byte by byte, and cut at every pair of places: the same events."""
    assert events_of(raw) == events
    assert events_of(*(raw[at : at + 1] for at in range(len(raw)))) == events
    for first, second in combinations(range(len(raw) + 1), 2):
        assert events_of(raw[:first], raw[first:second], raw[second:]) == events


def test_event_is_given_as_soon_as_it_ends() -> None:
    """The blank line completes an event; nothing waits for more."""
    framer = SseFramer()

    assert framer.feed(b"data: a\n") == []
    assert framer.feed(b"\n") == [Event(b"a")]
    assert framer.finish() == []


@pytest.mark.parametrize("size", [1, 7, 4096, 10**6])
@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r"])
def test_of_a_long_event_both_ends_stay(size: int, end: bytes) -> None:
    """However it is cut, a too long event is told by its ends, and the next one is read again."""
    lines = b"event: big\ndata: " + b"x" * 3 * MAX_EVENT_BYTES + b"end"
    raw = lines + end + b"data: b" + end
    framer = SseFramer()
    events = [event for at in range(0, len(raw), size) for event in framer.feed(raw[at : at + size])]

    assert events == [Event(lines[:HEAD_BYTES][17:], b"big", lines[-TAIL_BYTES:]), Event(b"b")]
    assert framer.finish() == []
    assert framer.given_up == 0


@pytest.mark.parametrize("length", [MAX_EVENT_BYTES - 1, MAX_EVENT_BYTES, MAX_EVENT_BYTES + 1])
@pytest.mark.parametrize("cut", [0, 100, MAX_EVENT_BYTES, MAX_EVENT_BYTES + 1, MAX_EVENT_BYTES + 2])
def test_length_decides_not_how_it_came(length: int, cut: int) -> None:
    """At the bound, the same event whether it came at once or in parts."""
    raw = b"data: " + b"y" * (length - 6) + b"\n\n"
    framer = SseFramer()

    assert framer.feed(raw[:cut]) + framer.feed(raw[cut:]) == events_of(raw)
    assert bool(events_of(raw)[0].tail) == (length > MAX_EVENT_BYTES)


def test_long_event_without_an_end() -> None:
    """The end of the stream ends a long event too; a long comment is none."""
    framer = SseFramer()
    framer.feed(b"data: " + b"x" * 2 * MAX_EVENT_BYTES)

    assert framer.feed(b"more\n") == []
    assert [event.tail[-5:] for event in framer.finish()] == [b"xmore"]
    assert framer.finish() == []

    comment = SseFramer()

    assert comment.feed(b": " + b"x" * 2 * MAX_EVENT_BYTES) == []
    assert comment.feed(b"\n\ndata: a\n\n") == [Event(b"a")]
