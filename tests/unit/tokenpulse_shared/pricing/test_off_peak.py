"""Tests of off-peak hours as price files write them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tokenpulse_shared.pricing.off_peak import OffPeakHours
from tokenpulse_shared.pricing.price_errors import OddEntryError


def at(text: str) -> datetime:
    """Return a moment in UTC; 2025-06-02 is a Monday."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_start_counts_an_end_does_not() -> None:
    """The hours are half-open, to the minute."""
    hours = OffPeakHours({"hours_utc": "04:00-06:00"})

    assert not hours.hold(at("2025-06-02T03:59:59"))
    assert hours.hold(at("2025-06-02T04:00:00"))
    assert hours.hold(at("2025-06-02T05:59:59"))
    assert not hours.hold(at("2025-06-02T06:00:00"))


def test_hours_may_go_past_midnight() -> None:
    """An end before its start is on the next day; several windows add up."""
    hours = OffPeakHours({"hours_utc": ["16:30 - 00:30", "10:00-11:00"]})

    assert [
        hours.hold(at(f"2025-06-02T{time}:00")) for time in ("16:30", "23:59", "00:00", "00:29", "10:30")
    ] == [True] * 5
    assert [hours.hold(at(f"2025-06-02T{time}:00")) for time in ("16:29", "00:30", "11:00")] == [False] * 3


def test_windows_hold_on_their_weekdays() -> None:
    """Equal hours mean the whole day; days are numbers from Monday, or names."""
    hours = OffPeakHours(
        {
            "windows": [
                {"hours_utc": ["00:00-01:00"], "weekdays": [1, "Tuesday", "wed"]},
                {"hours_utc": "00:00-00:00", "weekdays": [6, 7]},
            ]
        }
    )

    assert hours.hold(at("2025-06-02T00:30:00"))
    assert not hours.hold(at("2025-06-02T12:00:00"))
    assert not hours.hold(at("2025-06-05T00:30:00"))
    assert hours.hold(at("2025-06-07T12:00:00"))
    assert hours.hold(at("2025-06-08T23:59:00"))


def test_weekdays_are_read_on_the_calendar_that_is_named() -> None:
    """Friday 17:00 UTC is Saturday in Shanghai."""
    windows = [{"hours_utc": "00:00-00:00", "weekdays": [6]}]

    assert OffPeakHours({"windows": windows, "weekday_timezone": "Asia/Shanghai"}).hold(
        at("2025-06-06T17:00:00")
    )
    assert not OffPeakHours({"windows": windows}).hold(at("2025-06-06T17:00:00"))


def test_a_window_without_weekdays_holds_every_day() -> None:
    """Only its hours count."""
    hours = OffPeakHours({"windows": [{"hours_utc": "01:00-02:00"}]})

    assert all(hours.hold(at(f"2025-06-0{day}T01:00:00")) for day in range(2, 9))


@pytest.mark.parametrize(
    "block",
    [
        {},
        {"hours_utc": []},
        {"hours_utc": "24:00-01:00"},
        {"hours_utc": "at night"},
        {"hours_utc": [5]},
        {"hours_utc": 5},
        {"windows": "x"},
        {"windows": ["x"]},
        {"windows": [{"weekdays": [1]}]},
        {"windows": [{"hours_utc": "01:00-02:00", "weekdays": [0]}]},
        {"windows": [{"hours_utc": "01:00-02:00", "weekdays": [True]}]},
        {"windows": [{"hours_utc": "01:00-02:00", "weekdays": ["someday"]}]},
        {"windows": [{"hours_utc": "01:00-02:00", "weekdays": "mon"}]},
        {"hours_utc": "01:00-02:00", "weekday_timezone": "Middle/Earth"},
        {"hours_utc": "01:00-02:00", "weekday_timezone": "../x"},
    ],
)
def test_what_cannot_be_understood_is_odd(block: dict[str, Any]) -> None:
    """Hours that are only half understood would be half the price."""
    with pytest.raises(OddEntryError):
        OffPeakHours(block)
