"""A stream without what was added to it, however it is cut."""

from itertools import combinations

import pytest

from tests.support.usage_streams import STORY, Writing, written
from tokenpulse.framing.long_event import MAX_EVENT_BYTES
from tokenpulse.include_usage.usage_stripper import UsageStripper

CHUNK = b'data: {"choices":[1],"usage":null}\n\n'
PLAIN = b'data: {"choices":[1]}\n\n'
EXTRA = b'data: {"choices":[],"usage":{}}\n\n'


def stripped(*chunks: bytes) -> bytes:
    stripper = UsageStripper()
    return b"".join(stripper.feed(chunk) for chunk in chunks) + stripper.feed(b"", is_last=True)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("end", [b": bye\n", b"data: [DONE]", b"\n\n", b""])
def test_every_cut_gives_the_same_bytes(line_end: bytes, end: bytes) -> None:
    """One or two cuts anywhere, also inside a line end or the extra chunk, change no byte."""
    raw, plain = (
        (before + b"\n: ping\n\n: with it\n" + own + end).replace(b"\n", line_end)
        for before, own in ((CHUNK, EXTRA), (PLAIN, b""))
    )

    assert stripped(raw) == plain
    for first, second in combinations(range(len(raw) + 1), 2):
        assert stripped(raw[:first], raw[first:second], raw[second:]) == plain
    assert stripped(*(raw[index : index + 1] for index in range(len(raw)))) == plain


def test_whole_story() -> None:
    """A stream with usage asked for becomes the one that nobody asked for."""
    asked, plain = (written(STORY, Writing(), has_usage=has_usage) for has_usage in (True, False))

    assert asked != plain
    assert stripped(asked) == plain


def test_what_waits() -> None:
    """Finished events and comments go on with the bytes that finish them; only an unfinished event waits."""
    stripper = UsageStripper()
    fed = [b"data: a\n\n", b": ping\n", b"data: b\n\nda", b"ta: c", b"\n", b"\n: pi", b"ng\n\n", b""]

    assert [stripper.feed(chunk) for chunk in fed] == [
        b"data: a\n\n",
        b": ping\n",
        b"data: b\n\n",
        b"",
        b"",
        b"data: c\n\n",
        b": ping\n\n",
        b"",
    ]
    assert stripper.feed(b"data: d", is_last=True) == b"data: d"


@pytest.mark.parametrize("line_end", [b"", b"\n"])
def test_event_too_long_to_hold(line_end: bytes) -> None:
    """At 64 KiB an unfinished event is still held; with one byte more all goes on, and stripping has ended."""
    stripper = UsageStripper()
    start = b"data: " + b"x" * (MAX_EVENT_BYTES - 6 - len(line_end)) + line_end

    assert stripper.feed(CHUNK + start) == PLAIN
    assert stripper.has_given_up is False
    assert stripper.feed(b"x") == start + b"x"
    assert stripper.has_given_up is True
    assert stripper.feed(CHUNK) == CHUNK
    assert stripper.feed(EXTRA, is_last=True) == EXTRA


def test_long_event_that_comes_whole() -> None:
    """An event that no message cuts may have any length."""
    long = b'data: {"choices":[1],"text":"%s"%s}\n\n'

    assert stripped(long % (b"x" * 3 * MAX_EVENT_BYTES, b',"usage":null')) == long % (
        b"x" * 3 * MAX_EVENT_BYTES,
        b"",
    )


def test_release() -> None:
    """What is held can be had before its end; what follows is stripped as before."""
    stripper = UsageStripper()

    assert stripper.feed(CHUNK + b"data: ") == PLAIN
    assert stripper.release() == b"data: "
    assert stripper.release() == b""
    assert stripper.feed(b"a\n\n" + EXTRA) == b"a\n\n"
