"""Measure how a stream's content flowed: the gaps between its content events.

Strategy: a piece's gap is the time since the content before it; events that came in one piece share it evenly.
Worked: 3 events at 1.0 s, 1 at 1.3 s, 2 at 1.5 s have the gaps 0.3, 0.1, 0.1 s; what came at once at the start
has none before it.
Bounds: one dict of at most 1,344 sketch buckets, however long the stream.
"""

from bisect import bisect_right
from collections import Counter
from math import ceil, log2
from operator import sub
from typing import Final

from tokenpulse.reading.stream_facts import StreamFacts
from tokenpulse_shared.records import InterTokenLatency
from tokenpulse_shared.sketch import FINE_SCALE, SMALLEST_SECONDS, ZERO, bucket_index

_FACTOR: Final = float(1 << FINE_SCALE)
_SMALLEST: Final = ceil(log2(SMALLEST_SECONDS) * _FACTOR)


class Pace:
    """Collect the gaps of one stream."""

    __slots__ = ("_buckets", "_previous", "_total_seconds", "events")

    def __init__(self) -> None:
        self.events = 0
        """Content events so far, those of the first piece counted as one."""
        self._previous: float | None = None
        self._total_seconds = 0.0
        self._buckets: Counter[int] = Counter()

    def add(self, time: float, events: int) -> None:
        """Count the content events that a piece brought, in the order of time."""
        if self._previous is None:
            self.events = 1
        else:
            gap = time - self._previous
            self._total_seconds += gap
            self._buckets[bucket_index(gap / events)] += events
            self.events += events
        self._previous = time

    def add_pieces(self, pieces: list[bytes], times: list[float], key: bytes, facts: StreamFacts) -> None:
        """Count the pieces between the stream's first content and the last known; `key` stands once an event."""
        first, last = facts.first_content_at, facts.last_content_at
        if first is None or last is None:
            return
        if self._previous is None:
            self.add(first, 1)
        start = bisect_right(times, first)
        end = bisect_right(times, last)
        counts = [piece.count(key) for piece in pieces[start:end]]
        if counts and counts.count(1) == len(counts):
            self._add_single(times[start:end])
            return
        for time, count in zip(times[start:end], counts, strict=True):
            if count:
                self.add(time, count)

    def _add_single(self, times: list[float]) -> None:
        """Count pieces of one event each: the same as `add`, in a quarter of the time."""
        previous = self._previous or 0.0
        try:
            # As in `bucket_index`, but for the 1 that is taken off below.
            logarithms = map(log2, map(sub, times, [previous, *times]))
            counts = Counter(map(ceil, map(_FACTOR.__mul__, logarithms)))
        except ValueError:  # a gap of 0
            for time in times:
                self.add(time, 1)
            return
        for above, count in counts.items():
            self._buckets[above - 1 if above >= _SMALLEST else ZERO] += count
        self._total_seconds += times[-1] - previous
        self.events += len(times)
        self._previous = times[-1]

    def finish(self, tokens_output: int | None) -> InterTokenLatency | None:
        """Return the gaps, each weighted by the tokens an event brought on average (1 where these are unknown).

        None when there were no two content events apart.
        """
        if not self._buckets:
            return None
        weight = max(1, round(tokens_output / self.events)) if tokens_output else 1
        pairs = tuple((index, count * weight) for index, count in self._buckets.items())
        return InterTokenLatency(self._total_seconds * weight, (self.events - 1) * weight, pairs)
