"""Lines of a byte stream, however it is cut."""

import pytest

from tests.support.framing import events_of, every_cut, pieces_of
from tokenpulse.framing.event import Event
from tokenpulse.framing.long_event import HEAD_BYTES, MAX_EVENT_BYTES, TAIL_BYTES
from tokenpulse.framing.ndjson import NdjsonFramer


@pytest.mark.parametrize(
    ("raw", "lines"),
    [
        (b'{"a":1}\n{"b":2}\n', [b'{"a":1}', b'{"b":2}']),
        (b'{"a":1}\r\n{"b":2}\r\n', [b'{"a":1}', b'{"b":2}']),
        (b'{"a":1}\n{"b":2}', [b'{"a":1}', b'{"b":2}']),
        (b'{"a":1}\r\n{"b":', [b'{"a":1}', b'{"b":']),
        (b'\n\r\n \t\n{"a":1}\n\n\n', [b'{"a":1}']),
        (b'\xef\xbb\xbf{"a":1}\n\xef\xbb\xbf1\n', [b'{"a":1}', b"\xef\xbb\xbf1"]),
        (b"\xef\xbb\xbf\r\n1", [b"1"]),
        (b' {"a":1} \n', [b' {"a":1} ']),
        (b"a\rb\n", [b"a\rb"]),
        ("\u2028\u0085\n".encode(), ["\u2028\u0085".encode()]),
        (b"1\r", [b"1"]),
        (b"\r", []),
        (b"", []),
        (b"not json\n", [b"not json"]),
    ],
)
def test_lines_at_every_cut(raw: bytes, lines: list[bytes]) -> None:
    """Whole, byte by byte, and cut at every pair of places: the same lines."""
    for chunks in every_cut(raw):
        framer = NdjsonFramer()

        assert events_of(framer, chunks) == [Event(line) for line in lines]
        assert framer.given_up == 0


def test_line_is_given_as_soon_as_it_ends() -> None:
    """The LF completes a line; nothing waits for more."""
    framer = NdjsonFramer()

    assert framer.feed(b'{"a":1}') == []
    assert framer.feed(b'\n{"b"') == [Event(b'{"a":1}')]
    assert framer.finish() == [Event(b'{"b"')]
    assert framer.finish() == []


@pytest.mark.parametrize("size", [1, 4096, 10**6])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_long_line_keeps_both_ends(size: int, end: bytes) -> None:
    """A line too long to hold is given by its ends, without its line end; the next one is whole."""
    line = b'{"text":"' + b"x" * 2 * MAX_EVENT_BYTES + b'","eval_count":7}'
    raw = b"\xef\xbb\xbf" + line + end + (b"1\n" if end else b"")
    first, *others = events_of(NdjsonFramer(), pieces_of(raw, size))

    assert first.data == line[: HEAD_BYTES - 3]
    assert first.tail == line[-(TAIL_BYTES - (end == b"\r\n")) :]
    assert others == ([Event(b"1")] if end else [])
