"""What one series gathered while Redis was away, in few bytes.

Strategy: counts are kept as bytes. Those of the open minute come as they are recorded; when the minute turns they
become its record, and are added to the record of their hour. So all but the last minute is as Redis will hold it,
and little is left to do when Redis is back.
Invariant: every count is in the open minute, or in exactly one hour and one day; minutes' records repeat what hours
have.
Bounds: as many minutes as `shed_minutes` leaves, a record for each hour, the open minute: about 2 kB for an hour
of 360 requests, 0.3 kB for each minute kept.
"""

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tokenpulse.outage.count_codes import FIELDS, FIRST_BUCKET, Counts, add_coarsely, add_counts
from tokenpulse.outage.packed_counts import pack, sorted_counts, unpack, unpack_sorted
from tokenpulse.outage.window_record import RecordWriter, window_counts, without_sketches
from tokenpulse_shared.sketch import COARSE_SCALE, FINE_SCALE

_HEAD: Final = struct.Struct("<II")
"""Before each minute's record: the minute, the record's length."""
MINUTES_A_DAY: Final = 1440


class BacklogWindows(NamedTuple):
    """Hold a series' windows as payloads: minutes by minute, hours by their first minute, one may come twice.

    Hours' sketches are at `COARSE_SCALE` or finer. `days`: counters with fields of the totals, by code, by the day's
    first minute.
    """

    minutes: list[tuple[int, bytes]]
    hours: list[tuple[int, bytes]]
    days: dict[int, Counts]


class SeriesBacklog:
    """Gather one series; used by the flush thread only."""

    __slots__ = (
        "_days", "_hour", "_minute", "_minutes", "_open", "_past", "_record", "example", "qualifies", "requests",
    )  # fmt: skip

    def __init__(self) -> None:
        self.requests = 0
        self.qualifies = False
        self.example: str | None = None
        """The last exemplar as Redis keeps it, 64 bytes at most."""
        self._minute = 0
        """The open minute."""
        self._open = b""
        """Its counts, packed."""
        self._minutes = b""
        self._hour = 0
        self._record = b""
        """The open hour without the open minute."""
        # Tuples, not lists: the garbage collector passes over tuples of bytes.
        self._past: tuple[tuple[int, bytes], ...] = ()
        self._days: tuple[tuple[int, bytes], ...] = ()

    def add(self, start: int, counts: Counts, records: RecordWriter, *, is_hour: bool = False) -> None:
        """Count in the minute `start`, or in the hour that begins with it, of which no minutes are known.

        `counts` are consumed. About 40 µs, some 300 more when it is another minute than before.
        """
        if is_hour:
            self._add_to_hour(start, *sorted_counts(counts), records)
            return
        if start != self._minute:
            self._close_minute(records)
            self._minute = start
        if self._open:
            add_counts(counts, unpack(self._open))
        self._open = pack(counts)

    def minutes_bytes(self) -> int:
        """Return the length of the minutes' records."""
        return len(self._minutes)

    def other_bytes(self) -> int:
        """Return the length of all that is held but the minutes' records."""
        days = sum(len(packed) for _, packed in self._days)
        return len(self._open) + len(self._record) + days + self.past_bytes()

    def shed_minutes(self, before: int) -> None:
        """Forget the records of minutes before the given one: their counts are in their hours."""
        kept = [(minute, payload) for minute, payload in self._kept_minutes() if minute >= before]
        self._minutes = b"".join(_headed(minute, payload) for minute, payload in kept)

    def past_bytes(self) -> int:
        """Return the length of the records of hours that are over."""
        return sum(len(payload) for _, payload in self._past)

    def shed_sketches(self, before: int) -> None:
        """Keep only the counters of hours that are over and begin before the given minute."""
        self._past = tuple(
            (hour, without_sketches(payload) if hour < before else payload) for hour, payload in self._past
        )

    def windows(self, records: RecordWriter) -> BacklogWindows:
        """Return everything; changes nothing."""
        minutes, hours = list(self._kept_minutes()), list(self._past)
        days = {day: unpack(packed) for day, packed in self._days}
        if self._record:
            hours.append((self._hour, self._record))
        if self._open:
            codes, values = unpack_sorted(self._open)
            add_counts(days.setdefault(_day_of(self._minute), {}), _counted_for_good(codes, values))
            payload = records.payload(codes, values, FINE_SCALE)
            minutes.append((self._minute, payload))
            hours.append((_hour_of(self._minute), payload))  # finer than it need be, but made already
        return BacklogWindows(minutes, hours, days)

    def replace(self, windows: BacklogWindows, requests: int) -> None:
        """Hold these windows, and nothing else."""
        self._open = self._record = b""
        self._minutes = b"".join(_headed(minute, payload) for minute, payload in windows.minutes)
        self._past = tuple(windows.hours)
        self._days = tuple((day, pack(counts)) for day, counts in windows.days.items())
        self.requests = requests

    def _close_minute(self, records: RecordWriter) -> None:
        if not self._open:
            return
        codes, values = unpack_sorted(self._open)
        self._open = b""
        self._minutes += _headed(self._minute, records.payload(codes, values, FINE_SCALE))
        self._add_to_hour(_hour_of(self._minute), codes, values, records)

    def _add_to_hour(
        self, hour: int, codes: "array[int]", values: Sequence[int], records: RecordWriter
    ) -> None:
        if hour != self._hour and self._record:
            self._past += ((self._hour, self._record),)
            self._record = b""
        self._hour = hour
        merged = window_counts(self._record, COARSE_SCALE) if self._record else {}
        add_coarsely(merged, dict(zip(codes, values, strict=True)))
        self._record = records.payload(*sorted_counts(merged), COARSE_SCALE)
        self._add_to_day(_day_of(hour), _counted_for_good(codes, values))

    def _add_to_day(self, day: int, counts: Counts) -> None:
        held = dict(self._days)
        whole = unpack(held[day]) if day in held else {}
        add_counts(whole, counts)
        held[day] = pack(whole)
        self._days = tuple(held.items())

    def _kept_minutes(self) -> Iterator[tuple[int, bytes]]:
        at = 0
        while at < len(self._minutes):
            minute, size = _HEAD.unpack_from(self._minutes, at)
            at += _HEAD.size + size
            yield minute, self._minutes[at - size : at]


def _hour_of(minute: int) -> int:
    return minute - minute % 60


def _day_of(minute: int) -> int:
    return minute - minute % MINUTES_A_DAY


def _counted_for_good(codes: "array[int]", values: Sequence[int]) -> Counts:
    """Return what totals have, counters with totals' own fields; `codes` are in rising order."""
    first = bisect_left(codes, 0)
    end, fields = bisect_left(codes, FIRST_BUCKET, first), bisect_left(codes, FIELDS, first)
    counts = dict(zip(codes[first:end], values[first:end], strict=True))
    counts.update(zip(codes[fields:], values[fields:], strict=True))
    return counts


def _headed(minute: int, payload: bytes) -> bytes:
    return _HEAD.pack(minute, len(payload)) + payload
