"""Events of a byte stream, however it is cut and whatever its line ends are."""

from itertools import combinations

import pytest

from tokenpulse.framing.sse import MAX_EVENT_BYTES, SseEvent, SseFramer


def events_of(*chunks: bytes) -> list[SseEvent]:
    framer = SseFramer()
    events = [event for chunk in chunks for event in framer.feed(chunk)]
    return events + framer.finish()


@pytest.mark.parametrize(
    ("raw", "events"),
    [
        (b"data: a\n\n", [SseEvent(b"a")]),
        (b"data:a\n\ndata:  b\n\n", [SseEvent(b"a"), SseEvent(b" b")]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [SseEvent(b"a"), SseEvent(b"b")]),
        (b"data: a\r\rdata: b\r\r", [SseEvent(b"a"), SseEvent(b"b")]),
        (b"data: a\ndata: b\n\n", [SseEvent(b"a\nb")]),
        (b"event: x\nid: 7\ndata: a\n\n", [SseEvent(b"a", b"x")]),
        (b": ping\n\n:\n\ndata: a\n\n\n\n\n: end\n\n", [SseEvent(b"a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [SseEvent(b"a")]),
        (b"data: a", [SseEvent(b"a")]),
        (b"data: a\n\ndata: b\n", [SseEvent(b"a"), SseEvent(b"b")]),
        (b"data\n\n", [SseEvent(b"")]),
        (b'error: {"code":1}\n\n', [SseEvent(b"", b"", b'{"code":1}')]),
        ("data: \u2028\u0085\u2029\n\n".encode(), [SseEvent("\u2028\u0085\u2029".encode())]),
        (b"", []),
        (b"\n\n\n", []),
        (b"nonsense\n\n", []),
    ],
)
def test_events_at_every_cut(raw: bytes, events: list[SseEvent]) -> None:
    """Whole, byte by byte, and cut at every pair of places: the same events."""
    assert events_of(raw) == events
    assert events_of(*(raw[at : at + 1] for at in range(len(raw)))) == events
    for first, second in combinations(range(len(raw) + 1), 2):
        assert events_of(raw[:first], raw[first:second], raw[second:]) == events


def test_event_is_given_as_soon_as_it_ends() -> None:
    """The blank line completes an event; nothing waits for more."""
    framer = SseFramer()

    assert framer.feed(b"data: a\n") == []
    assert framer.feed(b"\n") == [SseEvent(b"a")]
    assert framer.finish() == []


@pytest.mark.parametrize("size", [1, 7, 4096, 10**6])
@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"])
def test_endless_event_is_given_up(size: int, end: bytes) -> None:
    """An event without an end is dropped, counted once, and the next one is read again."""
    raw = b"data: " + b"x" * 3 * MAX_EVENT_BYTES + end + b"data: b" + end
    framer = SseFramer()
    events = [event for at in range(0, len(raw), size) for event in framer.feed(raw[at : at + size])]

    assert events[-1] == SseEvent(b"b")
    assert len(events) == 1 + (framer.given_up == 0)
    assert framer.given_up == (size < 3 * MAX_EVENT_BYTES)


def test_event_given_up_at_the_end() -> None:
    """The rest of a dropped event is no event."""
    framer = SseFramer()
    framer.feed(b"data: " + b"x" * 2 * MAX_EVENT_BYTES)

    assert framer.feed(b"more\n") == []
    assert framer.finish() == []
    assert framer.given_up == 1
