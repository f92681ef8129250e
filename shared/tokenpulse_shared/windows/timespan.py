"""Which minutes, hours or days a window of time is made of.

Worked: at 10:30:20 a window of 1 hour is the minutes 09:30 … 10:30, sixty complete ones with the current
one, so that nothing younger than an hour is missing; a window of 24 hours is the hours 11 (yesterday) … 10; a
window of 7 days is today with the 6 days before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from tokenpulse_shared.keyspace import (
    DAY_RETENTION_SECONDS,
    HOUR_RETENTION_SECONDS,
    MINUTE_RETENTION_SECONDS,
    SECONDS_PER,
    Granularity,
    stamp,
)

MINUTES_UP_TO_HOURS: Final = 2
"""Windows up to this long are read from minutes, which slide; minutes are kept for this long."""

RETENTION_SECONDS: Final[dict[Granularity, int]] = {
    "minute": MINUTE_RETENTION_SECONDS,
    "hour": HOUR_RETENTION_SECONDS,
    "day": DAY_RETENTION_SECONDS,
}
_BLOCK_OF: Final[dict[Granularity, Granularity]] = {"minute": "hour", "hour": "day"}


class Block(NamedTuple):
    """Name a block of packed windows: its stamp, its start (epoch s), the ids in it that the span covers."""

    stamp: str
    start: int
    ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class Span:
    """Hold the starts (epoch s) of consecutive minutes, hours or days, oldest first, and the end (epoch s)."""

    granularity: Granularity
    starts: range
    end: float

    @property
    def begin(self) -> int:
        """Return the first moment, epoch seconds."""
        return self.starts.start

    @property
    def seconds(self) -> float:
        """Return the span's length."""
        return self.end - self.begin

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks that overlap the span, oldest first; days are never packed, they have none."""
        if self.granularity not in _BLOCK_OF:
            return
        block, step = SECONDS_PER[_BLOCK_OF[self.granularity]], self.starts.step
        for start in range(self.begin // block * block, self.starts.stop, block):
            first, last = max(start, self.begin), min(start + block, self.starts.stop)
            ids = frozenset((at - start) // step for at in range(first, last, step))
            yield Block(stamp(_BLOCK_OF[self.granularity], start), start, ids)


def minutes_span(now: float, minutes: int) -> Span:
    """Return the last complete minutes, with the current one after them."""
    current = int(now // 60) * 60
    return Span("minute", range(current - minutes * 60, current + 60, 60), now)


def hours_span(now: float, hours: int) -> Span:
    """Return the last hours of the clock, the current one among them."""
    current = int(now // 3600) * 3600
    return Span("hour", range(current - (hours - 1) * 3600, current + 3600, 3600), now)


def hour_span(start: int, now: float) -> Span:
    """Return one hour of the clock that begins at `start`; it ends now when it is the current one."""
    return Span("hour", range(start, start + 3600, 3600), float(min(start + 3600, max(now, start + 1))))


def window_span(now: float, hours: int) -> Span:
    """Return the span of the last hours: of minutes up to two hours, of hours of the clock beyond."""
    return minutes_span(now, hours * 60) if hours <= MINUTES_UP_TO_HOURS else hours_span(now, hours)


def days_span(now: float, days: int) -> Span:
    """Return the last days of the calendar in UTC, today among them."""
    today = int(now // 86400) * 86400
    return Span("day", range(today - (days - 1) * 86400, today + 86400, 86400), now)


def range_span(granularity: Granularity, begin: float, end: float, now: float) -> Span:
    """Return the windows that overlap `begin` … `end` and can still be there at `now`, all epoch seconds; may be none.

    It ends with its last window, at `now` when that window is not over.
    """
    step = SECONDS_PER[granularity]
    oldest = int((now - RETENTION_SECONDS[granularity]) // step) * step
    first = max(int(begin // step) * step, oldest)
    last = min(-int(-end // step), int(now // step) + 1) * step
    starts = range(first, max(first, last), step)
    return Span(granularity, starts, min(float(starts.stop), max(now, first + 1.0)))
