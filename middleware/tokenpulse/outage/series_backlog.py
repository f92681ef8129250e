"""What one series gathered while Redis was away, in few bytes.

Strategy: counts are kept as bytes. Those of the open minute come as they are recorded; when the minute turns they
become its record, and are added to the record of their hour. So all but the last minute is as Redis will hold it,
and little is left to do when Redis is back.
Invariant: every count is in the open minute, or in exactly one hour and one day; minutes' records repeat what hours
have.
Bounds: a record for each hour, the open minute: about 2 kB for an hour of 360 requests. Minutes' records, 0.3 kB each,
are kept with those of other series, as many as `MinuteRecords` is told.
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple

from tokenpulse.outage.closed_sums import ClosedSums, parts_by_start, with_start
from tokenpulse.outage.count_codes import FIELDS, FIRST_BUCKET, Counts, add_coarsely, add_counts
from tokenpulse.outage.minute_records import NOWHERE, MinuteRecords
from tokenpulse.outage.packed_counts import pack, sorted_counts, unpack, unpack_sorted
from tokenpulse.outage.window_record import RecordWriter, window_counts, without_sketches
from tokenpulse_shared.sketch import COARSE_SCALE, FINE_SCALE

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
        "_closed", "_hour", "_latest", "_minute", "_minutes", "_open", "example", "qualifies", "requests",
    )  # fmt: skip

    def __init__(self, minutes: MinuteRecords) -> None:
        self.requests = 0
        self.qualifies = False
        self.example: str | None = None
        """The last exemplar as Redis keeps it, 64 bytes at most."""
        self._minute = 0
        """The open minute."""
        self._open = b""
        """Its counts, packed."""
        self._minutes = minutes
        self._latest = NOWHERE
        """Where in `minutes` the record of its latest minute is."""
        self._hour = 0
        self._closed = b""
        """All but the open minute: `ClosedSums`."""

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

    def other_bytes(self) -> int:
        """Return the length of all that is held but the minutes' records."""
        return len(self._open) + len(self._closed)

    def past_bytes(self) -> int:
        """Return the length of the records of hours that are over."""
        return len(ClosedSums.read(self._closed).past)

    def shed_sketches(self, before: int) -> None:
        """Keep only the counters of hours that are over and begin before the given minute."""
        closed = ClosedSums.read(self._closed)
        past = b"".join(
            with_start(hour, without_sketches(payload) if hour < before else payload)
            for hour, payload in parts_by_start(closed.past)
        )
        self._closed = closed._replace(past=past).written()

    def windows(self, records: RecordWriter) -> BacklogWindows:
        """Return everything; changes nothing."""
        closed = ClosedSums.read(self._closed)
        minutes, hours = list(self._minutes.of(self._latest)), list(parts_by_start(closed.past))
        minutes.reverse()
        days = {day: unpack(packed) for day, packed in parts_by_start(closed.days)}
        if closed.record:
            hours.append((self._hour, closed.record))
        if self._open:
            codes, values = unpack_sorted(self._open)
            add_counts(days.setdefault(_day_of(self._minute), {}), _counted_for_good(codes, values))
            payload = records.payload(codes, values, FINE_SCALE)
            minutes.append((self._minute, payload))
            hours.append((_hour_of(self._minute), payload))  # finer than it need be, but made already
        return BacklogWindows(minutes, hours, days)

    def replace(self, windows: BacklogWindows, requests: int) -> None:
        """Hold these windows, and nothing else."""
        self._open = b""
        self._latest = NOWHERE
        for minute, payload in windows.minutes:
            self._latest = self._minutes.add(self._latest, minute, payload)
        past = b"".join(with_start(hour, payload) for hour, payload in windows.hours)
        days = b"".join(with_start(day, pack(counts)) for day, counts in windows.days.items())
        self._closed = ClosedSums(b"", days, past).written()
        self.requests = requests

    def _close_minute(self, records: RecordWriter) -> None:
        if not self._open:
            return
        codes, values = unpack_sorted(self._open)
        self._open = b""
        payload = records.payload(codes, values, FINE_SCALE)
        self._latest = self._minutes.add(self._latest, self._minute, payload)
        self._add_to_hour(_hour_of(self._minute), codes, values, records)

    def _add_to_hour(
        self, hour: int, codes: "array[int]", values: Sequence[int], records: RecordWriter
    ) -> None:
        record, days, past = ClosedSums.read(self._closed)
        if hour != self._hour and record:
            past += with_start(self._hour, record)
            record = b""
        self._hour = hour
        merged = window_counts(record, COARSE_SCALE) if record else {}
        add_coarsely(merged, dict(zip(codes, values, strict=True)))
        record = records.payload(*sorted_counts(merged), COARSE_SCALE)
        days = _with_day(days, _day_of(hour), _counted_for_good(codes, values))
        self._closed = ClosedSums(record, days, past).written()


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


def _with_day(days: bytes, day: int, counts: Counts) -> bytes:
    """Return the packed counts of days with some more in one of them."""
    held = dict(parts_by_start(days))
    whole = unpack(held.get(day, b""))
    add_counts(whole, counts)
    held[day] = pack(whole)
    return b"".join(with_start(*entry) for entry in held.items())
