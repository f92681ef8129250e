"""Elements of a JSON array, however its bytes are cut."""

import pytest

from tests.support.framing import events_of, every_cut, pieces_of
from tokenpulse.framing.event import Event
from tokenpulse.framing.json_array import JsonArrayFramer
from tokenpulse.framing.long_event import HEAD_BYTES, MAX_EVENT_BYTES, TAIL_BYTES

PRETTY = b'{\r\n  "a": [\r\n    1\r\n  ]\r\n}'


@pytest.mark.parametrize(
    ("raw", "elements"),
    [
        (b'[{"a":1},{"b":[2,{"c":3}]}]', [b'{"a":1}', b'{"b":[2,{"c":3}]}']),
        (b"[" + PRETTY + b",\r\n" + PRETTY + b"\r\n]\r\n", [PRETTY, PRETTY]),
        (b"\xef\xbb\xbf \r\n[ {} , [] ]", [b"{}", b"[]"]),
        (rb'[{"a":"}],[{\"\\"},"b\"]"]', [rb'{"a":"}],[{\"\\"}', rb'"b\"]"']),
        (rb'["\\","\u005c\"",""]', [rb'"\\"', rb'"\u005c\""', b'""']),
        (b"[1,true , null,-2.5e3]", [b"1", b"true", b"null", b"-2.5e3"]),
        ('["\u00e9\u2028"]'.encode(), ['"\u00e9\u2028"'.encode()]),
        (b'[{"a":1}] garbage [{"b":2}]', [b'{"a":1}']),
        (b' {"error":{"code":500}}\n[1]', [b'{"error":{"code":500}}']),
        (b'[{"a":1},{"b":', [b'{"a":1}']),
        (b'[{"a":1}', [b'{"a":1}']),
        (b"[1,2", [b"1"]),
        (b'["a', []),
        (b'["a\\', []),
        (b'{"a":"}"', []),
        (b"[]", []),
        (b"", []),
        (b" \r\n", []),
        (b"[}]1", []),
        (b'[{"a":1]:,"b"', [b'{"a":1]', b":", b'"b"']),
    ],
)
def test_elements_at_every_cut(raw: bytes, elements: list[bytes]) -> None:
    """Whole, byte by byte, and cut at every pair of places: the same elements."""
    for chunks in every_cut(raw):
        framer = JsonArrayFramer()

        assert events_of(framer, chunks) == [Event(element) for element in elements]
        assert framer.given_up == 0


@pytest.mark.parametrize("raw", [b"<html>[1]", b'"[1]"', b"1", b"data: [1]\n\n", b"]"])
def test_body_that_is_no_array_is_given_up(raw: bytes) -> None:
    """What begins with neither an array nor an object has no elements; it is counted once."""
    for chunks in every_cut(raw):
        framer = JsonArrayFramer()

        assert events_of(framer, chunks) == []
        assert framer.given_up == 1


def test_element_is_given_with_its_last_byte() -> None:
    """The comma after an object comes with the next one, so nothing waits for it; only a number must."""
    framer = JsonArrayFramer()

    assert framer.feed(b'[{"a":"\\') == []
    assert framer.feed(b'""}') == [Event(b'{"a":"\\""}')]
    assert framer.feed(b',\r\n"b"') == [Event(b'"b"')]
    assert framer.feed(b",12") == []
    assert framer.feed(b"3,") == [Event(b"123")]
    assert framer.finish() == []


@pytest.mark.parametrize("size", [1, 4096, 10**6])
@pytest.mark.parametrize(
    "filling", [b'"' + b"x" * 2 * MAX_EVENT_BYTES + b'"', b"[]," * MAX_EVENT_BYTES + b"0"]
)
def test_long_element_keeps_both_ends(size: int, filling: bytes) -> None:
    """An element too long to hold is given by its ends, whatever fills it; the next one is whole."""
    element = b'{"text":[' + filling + b'],"usage":7}'
    events = events_of(JsonArrayFramer(), pieces_of(b"[" + element + b",{}]", size))

    assert events == [Event(element[:HEAD_BYTES], tail=element[-TAIL_BYTES:]), Event(b"{}")]
