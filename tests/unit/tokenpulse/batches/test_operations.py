"""Tests of the operations of a batch."""

import orjson

from tokenpulse.batches.operations import NO_OPERATIONS, Calls, Operations, bounded
from tokenpulse_shared.breaker import Slowness
from tokenpulse_shared.counters import MAX_COUNT
from tokenpulse_shared.sketch import ZERO


def test_every_kind_of_operation() -> None:
    """Each is in its list, in the shape that the script reads; an empty sketch or list is none."""
    operations = Operations()
    operations.increment("h", 60, {"a": 1})
    operations.sketch("s", 61, 5, 0, {ZERO: 2, -3: 1})
    operations.sketch("empty", 61, 5, 0, {})
    operations.score("z", 62, {"m": 1.5})
    operations.push("l", 63, 100, ["one", "two"])
    operations.push("none", 63, 100, [])
    operations.calls("c", "t", Calls("m", 3, 2, 1))
    operations.calls("d", "t", Calls("n", 3, 2, 1, Slowness(4, 5), Slowness(0, 2)))

    assert orjson.loads(operations.encode()) == {
        "increments": [["h", "60", {"a": 1}]],
        "sketches": [["s", "61", 5, 0, {"zero": 2, "-3": 1}]],
        "scores": [["z", "62", {"m": 1.5}]],
        "lists": [["l", "63", 100, ["one", "two"]]],
        "calls": [
            ["c", "900", 5, 3, 2, 1, "t", "2592000", ""],
            ["d", "900", 5, 3, 2, 1, "t", "2592000", "4:5:0:2"],
        ],
    }


def test_fields_told_by_number() -> None:
    """Each field's name is sent once for the whole batch."""
    operations = Operations()
    operations.add_up("h", 60, {3: 1, 9: 2}, {3: "three", 9: "nine", 10: "unused"})
    operations.add_up("i", 61, {9: 4}, {9: "nine"})
    told = orjson.loads(operations.encode())

    assert told["sums"] == [["h", "60", [3, 9], [1, 2]], ["i", "61", [9], [4]]]
    assert dict(zip(told["codes"], told["names"], strict=True)) == {3: "three", 9: "nine"}
    assert operations.fields == 3


def test_notes_are_a_list_of_their_own() -> None:
    """Only where there are any: most batches carry none."""
    operations = Operations()
    operations.note("h", "exemplar", "text")

    assert orjson.loads(operations.encode())["notes"] == [["h", "exemplar", "text"]]
    assert operations.fields == 1


def test_an_empty_batch_has_every_list() -> None:
    """The script reads them all."""
    assert orjson.loads(NO_OPERATIONS) == {
        "increments": [], "sketches": [], "scores": [], "lists": [], "calls": [],
    }  # fmt: skip


def test_increments_are_bounded() -> None:
    """An increment past what Lua and JSON keep exactly is cut to the largest that they do."""
    assert bounded(MAX_COUNT) == MAX_COUNT
    assert bounded(MAX_COUNT + 1) == MAX_COUNT
