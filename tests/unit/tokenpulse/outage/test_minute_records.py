"""Tests of the blocks that hold records of series' minutes."""

import resource
from pathlib import Path

import pytest

from tokenpulse.outage import minute_records
from tokenpulse.outage.minute_records import BLOCK_BYTES, NOWHERE, MinuteRecords

_HEAD_BYTES = 12
_HALF = bytes(BLOCK_BYTES // 2 - _HEAD_BYTES)
"""Two of them fill a block."""


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_a_series_finds_its_records_latest_first() -> None:
    """Those of other series lie between; nothing was kept of a series that has no place."""
    records = MinuteRecords()
    one = other = NOWHERE
    for minute in (7, 8):
        one = records.add(one, minute, b"one %d" % minute)
        other = records.add(other, minute, b"other %d" % minute)

    assert list(records.of(one)) == [(8, b"one 8"), (7, b"one 7")]
    assert list(records.of(other)) == [(8, b"other 8"), (7, b"other 7")]
    assert list(records.of(NOWHERE)) == []
    assert records.held_bytes == 2 * (5 + 7) + 4 * _HEAD_BYTES


def test_a_late_minute_takes_its_place_among_the_others() -> None:
    """After a clock went back as well the oldest minutes are the ones that go."""
    records = MinuteRecords()
    latest = NOWHERE
    for minute, payload in ((5, b"a"), (9, b"b"), (3, b"c"), (5, b"d"), (7, b"e")):
        latest = records.add(latest, minute, payload)
    before = list(records.of(latest))
    records.shed_before(7)

    assert before == [(9, b"b"), (7, b"e"), (5, b"d"), (5, b"a"), (3, b"c")]
    assert list(records.of(latest)) == before[:2]


def test_whole_blocks_go_until_there_is_room() -> None:
    """The oldest minute's first, of one minute the block that was begun first; what fits exactly stays."""
    records = MinuteRecords()
    latest = NOWHERE
    for minute in (2, 2, 2, 1):
        latest = records.add(latest, minute, _HALF)
    seen = []
    for most_bytes in (2 * BLOCK_BYTES, BLOCK_BYTES, BLOCK_BYTES - 1, 0):
        records.shed_to(most_bytes)
        seen.append((records.held_bytes, [minute for minute, _ in records.of(latest)]))

    assert seen == [
        (2 * BLOCK_BYTES, [2, 2, 2, 1]),
        (BLOCK_BYTES // 2, [2]),
        (BLOCK_BYTES // 2, [2]),
        (0, []),
    ]


def test_what_was_dropped_stays_away() -> None:
    """A minute that is filled again later has nothing for places of before."""
    records = MinuteRecords()
    old = records.add(NOWHERE, 4, b"old")
    records.shed_to(0)
    new = records.add(NOWHERE, 4, b"new")
    again = records.add(old, 4, b"again")

    assert list(records.of(old)) == []
    assert list(records.of(new)) == [(4, b"new")]
    assert list(records.of(again)) == [(4, b"again")]


def test_a_record_may_be_longer_than_a_block() -> None:
    """It has one of its own."""
    records = MinuteRecords()
    long = bytes(range(256)) * 1024
    latest = records.add(records.add(NOWHERE, 1, long), 1, b"short")

    assert list(records.of(latest)) == [(1, b"short"), (1, long)]


def test_without_memory_a_record_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held already stays, and its series knows where."""
    records = MinuteRecords()
    latest = records.add(NOWHERE, 1, b"kept")
    monkeypatch.setattr(minute_records, "BLOCK_BYTES", 1 << 62)
    after = records.add(latest, 2, b"no room")

    assert after == latest
    assert list(records.of(after)) == [(1, b"kept")]


def test_dropped_minutes_leave_no_hole_in_memory() -> None:
    """What 16 MiB of records took is given back, though small objects were made all the while, and stay."""
    records = MinuteRecords()
    latest, stay = NOWHERE, []
    for number in range(16 * 1024):
        latest = records.add(latest, number // 1024, bytes(1024 - _HEAD_BYTES))
        stay.append(bytes(600 + number % 100))
    held = _resident_bytes()
    records.shed_to(1024 * 1024)
    given_back = held - _resident_bytes()

    assert records.held_bytes == 1024 * 1024
    assert len(list(records.of(latest))) == 1024
    assert given_back >= 14 * 1024 * 1024
