"""Off-peak hours, as LiteLLM's price file writes them.

`{"hours_utc": "16:30-00:30", "windows": [{"hours_utc": [...], "weekdays": [6, 7]}], "weekday_timezone": "…"}`:
hours are UTC, a start counts and an end does not, an end before its start is on the next day, equal ones mean
the whole day. Weekdays (1 is Monday) are read on the calendar of `weekday_timezone`, which is UTC if not given.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from tokenpulse_shared.pricing.price_errors import OddEntryError

_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EVERY_DAY: Final = frozenset(range(1, 8))


class _Window(NamedTuple):
    start_minute: int
    end_minute: int
    weekdays: frozenset[int]


class OffPeakHours:
    """Tell whether a moment is off-peak."""

    __slots__ = ("_calendar", "_windows")

    def __init__(self, block: Mapping[str, Any]) -> None:
        """Read a block.

        Raises:
            OddEntryError: it cannot be understood, or says no hours at all.
        """
        self._calendar = _calendar(block.get("weekday_timezone"))
        self._windows = [*_windows(block.get("hours_utc", ()), _EVERY_DAY)]
        for rule in _sequence(block.get("windows", ())):
            if not isinstance(rule, dict):
                raise OddEntryError("windows")
            self._windows += _windows(rule.get("hours_utc"), _weekdays(rule.get("weekdays")))
        if not self._windows:
            raise OddEntryError("off_peak_pricing")

    def hold(self, moment: datetime) -> bool:
        """Tell whether a moment, given in UTC, is off-peak."""
        minute = moment.hour * 60 + moment.minute
        weekday = moment.astimezone(self._calendar).isoweekday()
        return any(
            weekday in window.weekdays and _is_within(minute, window.start_minute, window.end_minute)
            for window in self._windows
        )


def _is_within(minute: int, start: int, end: int) -> bool:
    if start < end:
        return start <= minute < end
    return minute >= start or minute < end


def _windows(hours: object, weekdays: frozenset[int]) -> Iterable[_Window]:
    for text in (hours,) if isinstance(hours, str) else _sequence(hours):
        found = _HOURS.fullmatch(text.replace(" ", "")) if isinstance(text, str) else None
        if found is None:
            raise OddEntryError("hours_utc")
        start_hour, start_minute, end_hour, end_minute = map(int, found.groups())
        yield _Window(start_hour * 60 + start_minute, end_hour * 60 + end_minute, weekdays)


def _weekdays(value: object) -> frozenset[int]:
    if value is None:
        return _EVERY_DAY
    days: set[int] = set()
    for day in _sequence(value):
        number = (
            _DAYS.index(day[:3].lower()) + 1 if isinstance(day, str) and day[:3].lower() in _DAYS else day
        )
        if type(number) is not int or number not in _EVERY_DAY:
            raise OddEntryError("weekdays")
        days.add(number)
    return frozenset(days)


def _calendar(name: object) -> tzinfo:
    if name is None:
        return UTC
    try:
        return ZoneInfo(str(name))
    except (OSError, ValueError, KeyError) as error:  # a zone that is not known is a KeyError
        raise OddEntryError("weekday_timezone") from error


def _sequence(value: object) -> Iterable[object]:
    if not isinstance(value, list | tuple):
        raise OddEntryError("off_peak_pricing")
    return value
