"""Spans: which minutes and hours, which blocks hold them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenpulse_shared.keyspace import Granularity, stamp
from tokenpulse_shared.windows.timespan import (
    Block,
    days_span,
    hour_span,
    hours_span,
    minutes_span,
    range_span,
    window_span,
)

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC


def test_the_worked_numbers() -> None:
    """One hour is 09:30 … 10:30, a day is 11 (yesterday) … 10."""
    hour, day = window_span(NOW, 1), window_span(NOW, 24)

    assert [stamp("minute", hour.starts[at]) for at in (0, -1)] == ["2024-05-15:09:30", "2024-05-15:10:30"]
    assert (len(hour.starts), hour.seconds) == (61, 3620.0)
    assert [stamp("hour", day.starts[at]) for at in (0, -1)] == ["2024-05-14:11", "2024-05-15:10"]
    assert (len(day.starts), day.seconds) == (24, 23 * 3600 + 1820.0)


def test_minutes_up_to_two_hours() -> None:
    assert [window_span(NOW, hours).granularity for hours in (1, 2, 3)] == ["minute", "minute", "hour"]


def test_blocks_are_cut_to_the_span() -> None:
    """Minutes by hour, hours by day; ids of the part that overlaps."""
    assert list(minutes_span(NOW, 60).blocks()) == [
        Block("2024-05-15:09", 1_715_763_600, frozenset(range(30, 60))),
        Block("2024-05-15:10", 1_715_767_200, frozenset(range(31))),
    ]
    assert list(hours_span(NOW, 12).blocks()) == [
        Block("2024-05-14", 1_715_644_800, frozenset((23,))),
        Block("2024-05-15", 1_715_731_200, frozenset(range(11))),
    ]


def test_one_hour_of_the_clock() -> None:
    """A past one ends at its end, the current one now; one to come has no length to speak of."""
    start = int(NOW // 3600) * 3600
    assert hour_span(start - 3600, NOW).seconds == 3600.0
    assert hour_span(start, NOW).seconds == 1820.0
    assert hour_span(start + 3600, NOW).seconds == 1.0


@pytest.mark.parametrize("granularity", ["minute", "hour"])
@given(now=st.floats(1e9, 4e9), length=st.integers(1, 168))
def test_blocks_cover_every_window_once(granularity: str, now: float, length: int) -> None:
    span = minutes_span(now, length) if granularity == "minute" else hours_span(now, length)
    step = span.starts.step

    covered = [block.start + at * step for block in span.blocks() for at in sorted(block.ids)]
    assert covered == list(span.starts)
    assert span.begin <= now < span.starts.stop


def test_days_are_those_of_the_calendar() -> None:
    """Today with the days before; they have no blocks."""
    week = days_span(NOW, 7)

    assert [stamp("day", week.starts[at]) for at in (0, -1)] == ["2024-05-09", "2024-05-15"]
    assert (len(week.starts), week.end) == (7, NOW)
    assert list(week.blocks()) == []


@pytest.mark.parametrize(
    ("granularity", "begin", "end", "first", "last", "closes"),
    [
        ("minute", NOW - 100, NOW, "2024-05-15:10:28", "2024-05-15:10:30", NOW),
        ("hour", NOW - 7200, NOW - 1820, "2024-05-15:08", "2024-05-15:09", NOW - 1820),
        ("day", NOW - 90_000, NOW - 80_000, "2024-05-14", "2024-05-14", NOW // 86_400 * 86_400),
        ("hour", 0.0, NOW + 1e6, "2024-05-07:10", "2024-05-15:10", NOW),
    ],
)
def test_a_range_is_the_windows_it_overlaps(
    granularity: Granularity, begin: float, end: float, first: str, last: str, closes: float
) -> None:
    """Of those that are still kept, none of those to come; it ends with its last window, or now."""
    span = range_span(granularity, begin, end, NOW)

    assert [stamp(granularity, span.starts[at]) for at in (0, -1)] == [first, last]
    assert span.end == closes


def test_a_range_of_which_nothing_is_kept_is_empty() -> None:
    """Minutes of yesterday."""
    assert len(range_span("minute", NOW - 90_000, NOW - 80_000, NOW).starts) == 0
