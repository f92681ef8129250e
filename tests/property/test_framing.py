"""Any bytes, any chunking: every framing gives the same events, and gives back what was framed."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.aws_messages import event_message, exception_message, header, message
from tests.support.framing import events_of, pieces_of
from tokenpulse.framing.aws_eventstream import AwsEventStreamFramer
from tokenpulse.framing.event import Event
from tokenpulse.framing.json_array import JsonArrayFramer
from tokenpulse.framing.long_event import HEAD_BYTES, MAX_EVENT_BYTES, TAIL_BYTES
from tokenpulse.framing.ndjson import NdjsonFramer
from tokenpulse.framing.sse import SseFramer
from tokenpulse.reading.framed_reader import Framer

EVERY_FRAMER: Final = pytest.mark.parametrize(
    "framer", [SseFramer, NdjsonFramer, JsonArrayFramer, AwsEventStreamFramer]
)
LONG: Final = MAX_EVENT_BYTES + 1

JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
VALUES: Final = st.lists(JSON, max_size=6)
NAMES: Final = st.binary(min_size=1, max_size=20)
PLACES: Final = st.lists(st.integers(0, 2**20), max_size=12)

SYNTAX: Final = st.sampled_from(
    [
        *(bytes([byte]) for byte in b' \t\r\n,:[]{}"\\a1\0\xe2\xef'),
        *(
            b"\r\n",
            b"\n\n",
            b"\r\n\r\n",
            b"\xef\xbb\xbf",
            b'\\"',
            b"{}",
            b'{"a":"b"}',
            b'["]"]',
            b"null",
            b"-1.5",
        ),
        *(b"data: a\n\n", b"data:", b"event: x\n", b": ping\n\n", b"error: {}\n", b"data: [DONE]\n\n"),
        *(event_message(b"a", {"b": 1}), exception_message(b"c", b'{"message":"d"}'), message(b"", b"")),
        *(b"x" * LONG, b" " * LONG, b"\n" * 70, b"[" * LONG, b'"' + b"y" * LONG),
        message(header(b"h", 3, b"\0\1"), b"z" * LONG),
    ]
)
"""What the framings look for, in pieces, and what is too long to hold."""

STREAMS: Final = st.one_of(
    st.binary(max_size=300),
    st.lists(SYNTAX, max_size=16).map(b"".join),
    st.lists(SYNTAX | st.binary(), max_size=8).map(b"".join),
)


def cut(raw: bytes, places: list[int]) -> list[bytes]:
    """Return the bytes cut at these places, and at the ones beside them where line ends are split."""
    edges = sorted({0, len(raw), *(place % (len(raw) + 1) for place in places)})
    return [raw[left:right] for left, right in pairwise(edges)]


@EVERY_FRAMER
@given(raw=STREAMS, places=PLACES, size=st.integers(1, 7))
@example(
    raw=b"data: " + b"x" * LONG + b"\r\n\r\ndata: b\r\n\r\n", places=[LONG + 7, LONG + 8, LONG + 9], size=7
)
@example(raw=b"[" + b'"' + b"\\" * LONG + b'",1]', places=[2, 3, LONG], size=7)
def test_any_chunking_gives_the_same_events(
    framer: Callable[[], Framer], raw: bytes, places: list[int], size: int
) -> None:
    """Whole, cut anywhere, in pieces of a few bytes: the same events, the same number given up."""
    whole, by_places, by_size = framer(), framer(), framer()
    events = events_of(whole, [raw])

    assert events_of(by_places, cut(raw, places)) == events
    if len(raw) < 2 * LONG:
        assert events_of(by_size, pieces_of(raw, size)) == events
        assert by_size.given_up == whole.given_up
    assert by_places.given_up == whole.given_up


@EVERY_FRAMER
@given(raw=STREAMS)
def test_events_are_bounded(framer: Callable[[], Framer], raw: bytes) -> None:
    """An event is whole up to 64 KiB, or two ends; the events together hold no more than the stream."""
    events = events_of(framer(), [raw])

    for event in events:
        assert len(event.data) <= (HEAD_BYTES if event.tail else MAX_EVENT_BYTES)
        assert len(event.tail) <= TAIL_BYTES
    assert sum(len(event.data) + len(event.tail) for event in events if event.name != b"error") <= len(raw)


@given(
    values=VALUES,
    line_end=st.sampled_from([b"\n", b"\r\n", b"\n\r\n\n"]),
    is_ended=st.booleans(),
    places=PLACES,
)
def test_lines_come_back(values: list[Any], line_end: bytes, is_ended: bool, places: list[int]) -> None:
    """JSON values, one a line, are given back in order, with or without the last line end."""
    raw = line_end.join(map(orjson.dumps, values)) + line_end * is_ended

    assert events_of(NdjsonFramer(), cut(raw, places)) == [Event(orjson.dumps(value)) for value in values]


@given(
    values=VALUES,
    indent=st.sampled_from([None, 2]),
    is_ascii=st.booleans(),
    comma=st.sampled_from([b",", b"\n,\r\n", b" , "]),
    places=PLACES,
)
def test_elements_come_back(
    values: list[Any], indent: int | None, is_ascii: bool, comma: bytes, places: list[int]
) -> None:
    """JSON values in an array, however it is printed, are given back byte for byte, in order."""
    elements = [json.dumps(value, indent=indent, ensure_ascii=is_ascii).encode() for value in values]
    raw = b"[" + comma.join(elements) + b"]"

    assert events_of(JsonArrayFramer(), cut(raw, places)) == [Event(element) for element in elements]


@given(named=st.lists(st.tuples(NAMES, JSON), max_size=6), places=PLACES)
def test_messages_come_back(named: list[tuple[bytes, Any]], places: list[int]) -> None:
    """Named JSON values in AWS messages are given back with their names, in order."""
    raw = b"".join(event_message(name, value) for name, value in named)
    events = [Event(orjson.dumps(value), name) for name, value in named]

    assert events_of(AwsEventStreamFramer(), cut(raw, places)) == events


@given(values=st.lists(JSON, min_size=1, max_size=6), place=st.integers(0, 2**20), bit=st.integers(0, 7))
def test_one_wrong_bit_never_makes_an_event(values: list[Any], place: int, bit: int) -> None:
    """Whichever bit of an AWS stream is turned, every event given is one that was sent, and one is given up."""
    raw = bytearray(b"".join(event_message(b"a", value) for value in values))
    raw[place % len(raw)] ^= 1 << bit
    framer = AwsEventStreamFramer()
    events = events_of(framer, [bytes(raw)])
    sent = [Event(orjson.dumps(value), b"a") for value in values]

    assert framer.given_up == 1
    assert len(events) < len(sent)
    assert all(event in sent for event in events)


@given(datas=st.lists(JSON, max_size=6), line_end=st.sampled_from([b"\n", b"\r\n", b"\r"]), places=PLACES)
def test_server_sent_data_comes_back(datas: list[Any], line_end: bytes, places: list[int]) -> None:
    """JSON values sent as events are given back in order, whatever the line ends."""
    raw = b"".join(b"data: " + orjson.dumps(data) + line_end * 2 for data in datas)

    assert events_of(SseFramer(), cut(raw, places)) == [Event(orjson.dumps(data)) for data in datas]
