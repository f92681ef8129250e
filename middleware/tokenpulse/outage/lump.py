"""Add up what several series gathered, when they are to count under one name."""

from tokenpulse.outage.count_codes import Counts, add_counts
from tokenpulse.outage.packed_counts import pack, unpack_sorted
from tokenpulse.outage.series_backlog import BacklogWindows
from tokenpulse.outage.window_record import RecordWriter, window_counts
from tokenpulse_shared.sketch import COARSE_SCALE, FINE_SCALE

Windows = dict[int, Counts]


class Lump:
    """Hold the sum of series; lives for one flush."""

    def __init__(self) -> None:
        self.requests = 0
        self._minutes: Windows = {}
        self._hours: Windows = {}
        self._days: Windows = {}

    def add(self, windows: BacklogWindows, requests: int) -> None:
        """Add a series; O(buckets)."""
        self.requests += requests
        for held, given, scale in (
            (self._minutes, windows.minutes, FINE_SCALE),
            (self._hours, windows.hours, COARSE_SCALE),
        ):
            for start, payload in given:
                add_counts(held.setdefault(start, {}), window_counts(payload, scale))
        for day, counts in windows.days.items():
            add_counts(self._days.setdefault(day, {}), counts)

    def windows(self, records: RecordWriter) -> BacklogWindows:
        """Return the sum."""

        def payloads(held: Windows, scale: int) -> list[tuple[int, bytes]]:
            return [
                (start, records.payload(*unpack_sorted(pack(counts)), scale))
                for start, counts in held.items()
            ]

        return BacklogWindows(
            payloads(self._minutes, FINE_SCALE), payloads(self._hours, COARSE_SCALE), self._days
        )
