"""Rebuild JSON objects from their ends."""

from typing import Any

import orjson
import pytest

from tokenpulse.framing.json_ends import joined_ends


def test_the_example() -> None:
    """Members of the open member and of the object itself are found at both ends."""
    assert joined_ends(b'{"a":{"b":1,"c":"xy', b'z","d":[2]},"e":3}') == {
        "a": {"b": 1, "c": "xy", "d": [2]},
        "e": 3,
    }


@pytest.mark.parametrize(
    ("head", "begun"),
    [
        (b'{"a":1,"b":2', {"a": 1}),
        (b'{"a":1,"b"', {"a": 1}),
        (b'{"a":1,"b":', {"a": 1}),
        (b'{"a":1,"b', {"a": 1}),
        (b'{"a":1,', {"a": 1}),
        (b'{"a":[1,{"b":2},tr', {"a": [1, {"b": 2}]}),
        (b'{"a":[1,{"b":2}]}', {"a": [1, {"b": 2}]}),
        (b'\n  {"a" : "x"  , "b": "', {"a": "x", "b": ""}),
        (b'{"a":"x\\', {"a": "x"}),
        (b'{"a":"x\\u12', {"a": "x"}),
        (b'{"a":"x\\u00e9\\n', {"a": "xé\n"}),
        (b'{"a":"x\xc3', {"a": "x"}),
        (b'{"b":1,"a":"x\\ud83d', {"b": 1}),
        (b'{"a":["x","y', {"a": ["x", "y"]}),
        (b'{"a\\"}{[,":"},{","b":[', {'a"}{[,': "},{", "b": []}),
        (b"{", {}),
    ],
)
def test_a_beginning_is_kept_up_to_its_last_whole_value(head: bytes, begun: dict[str, Any]) -> None:
    """A string is kept as far as it goes; a number, a key that break off are not."""
    assert joined_ends(head, b"") == begun


@pytest.mark.parametrize(
    "head", [b"", b"[1,2", b'"text', b"data", b'{"a":]', b"}", b'{"a":1 "b":2,', b"{oops,", b'{"a":' * 2000]
)
def test_what_begins_no_object(head: bytes) -> None:
    """None says so; nothing is raised."""
    assert joined_ends(head, b',"b":2}') is None


@pytest.mark.parametrize(
    ("tail", "ended"),
    [
        (b'x","b":2}', {"b": 2}),
        (b'x\\",\\"c\\":1,","b":2}', {"b": 2}),
        (b'x\\\\","b":2}', {"b": 2}),
        (b'","b":{"c":[1,2],"d":"}"} ,"e":null}\n', {"b": {"c": [1, 2], "d": "}"}, "e": None}),
        (b'x"}', {}),
        (b'2,3],"b":2}', {"b": 2}),
        (b"", {}),
        (b',"b":2}}', {}),
        (b',"b":2', {}),
        (b'","b":tru}', {}),
        (b",,,}{}[[", {}),
    ],
)
def test_an_end_is_taken_from_its_first_whole_member(tail: bytes, ended: dict[str, Any]) -> None:
    """Commas inside strings, lists, objects begin no member; what is no JSON ends in nothing."""
    assert joined_ends(b'{"a":"x', tail) == {"a": "x", **ended}


@pytest.mark.parametrize(
    ("head", "tail", "joined"),
    [
        (b'{"t":1,"a":{"b":1,"c":[', b'3],"d":4}}', {"t": 1, "a": {"b": 1, "c": [], "d": 4}}),
        (b'{"a":{"b":1,"c":[', b'3],"d":4},"t":1}', {"a": {"b": 1, "c": [], "d": 4}, "t": 1}),
        (
            b'{"a":{"b":1,"c":[',
            b'3]},"t":1,"u":{"v":2,"w":3}}',
            {"a": {"b": 1, "c": []}, "t": 1, "u": {"v": 2, "w": 3}},
        ),
        (b'{"a":[{"b":1,"c":"', b'","d":4}],"t":1}', {"a": [{"b": 1, "c": ""}], "t": 1}),
        (b'{"a":{"b":1},"c":[', b'3],"b":{"d":4,"e":5}}', {"a": {"b": 1}, "c": [], "b": {"d": 4, "e": 5}}),
        (b'{"a":{"b":1,"c":"', b'","b":2},"":3}', {"a": {"b": 1, "c": ""}, "": 3}),
        (b'{"a":{"b":1,"c":"', b'","b":2}}', {"a": {"b": 2, "c": ""}}),
    ],
)
def test_members_of_the_open_member(head: bytes, tail: bytes, joined: dict[str, Any]) -> None:
    """They are put where the beginning left off, if that is an object; the later one wins."""
    assert joined_ends(head, tail) == joined


def test_only_the_ends_are_looked_at() -> None:
    """Of 5 MB, 16 and 32 KiB are enough."""
    part = {"type": "output_text", "text": 'She said: "{[,}" \\ \n' * 50}
    body = {
        "t": "done",
        "r": {"id": "x", "output": [part] * 5000, "tools": [{"usage": 1}], "usage": {"n": 7}},
    }
    text = orjson.dumps(body)
    found: Any = joined_ends(text[:16_384], text[-32_768:])

    assert len(text) > 5_000_000
    assert (found["t"], found["r"]["id"]) == ("done", "x")
    assert (found["r"]["tools"], found["r"]["usage"]) == ([{"usage": 1}], {"n": 7})
    assert found["r"]["output"][0] == part
