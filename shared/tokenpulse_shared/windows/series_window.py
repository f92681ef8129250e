"""What one series (a provider, or a model of it) did in a span of time.

Invariant: the sums over `rows` are the totals; nothing is kept twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from tokenpulse_shared.counters import OUTCOME_FIELDS
from tokenpulse_shared.keyspace import stamp
from tokenpulse_shared.records import PROVIDER_FAULTS
from tokenpulse_shared.sketch import Sketch
from tokenpulse_shared.windows.timespan import Span

_FAULT_FIELDS = tuple(sorted(OUTCOME_FIELDS[outcome] for outcome in PROVIDER_FAULTS))


class Series(NamedTuple):
    """Name a series; `model` is None for the provider as a whole."""

    provider: str
    model: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """Hold the counters (by name, see `counters`) and sketches (by quantity) from `start`, epoch seconds."""

    start: int
    counters: dict[str, int] = field(default_factory=dict)
    sketches: dict[str, Sketch] = field(default_factory=dict)

    def count(self, name: str) -> int:
        """Return a counter; a counter that was never incremented is 0."""
        return self.counters.get(name, 0)

    @property
    def requests(self) -> int:
        """Return how many requests there were."""
        return self.count("total_requests")

    @property
    def successes(self) -> int:
        """Return how many of them succeeded."""
        return self.count("successful_requests")

    @property
    def failures(self) -> int:
        """Return how many did not succeed, whoever's fault."""
        return self.requests - self.successes

    @property
    def faults(self) -> int:
        """Return how many failed by the provider's fault."""
        return sum(self.count(name) for name in _FAULT_FIELDS)

    @property
    def cost_usd(self) -> float:
        """Return what the priced requests cost."""
        return self.count("total_cost") / 1e9

    def mean_seconds(self, quantity: str) -> float | None:
        """Return the mean of a quantity of `SKETCHED` in seconds, exact; None when nothing was measured."""
        measured = self.count(f"{quantity}_count")
        return self.count(f"{quantity}_us") / measured / 1e6 if measured else None

    @property
    def judged_latency(self) -> tuple[int, int]:
        """Return (sum in microseconds, count) of the latencies of successes and of provider faults.

        Counters that contradict each other, which no writer leaves, tell of none.
        """
        microseconds = self.count("latency_us") - self.count("unjudged_latency_us")
        calls = self.count("latency_count") - self.count("unjudged_latency_count")
        return (microseconds, calls) if microseconds >= 0 and calls > 0 else (0, 0)

    def sketch(self, quantity: str) -> Sketch:
        """Return the sketch of a quantity of `SKETCHED`, empty when nothing was measured, or it was not loaded."""
        return self.sketches.get(quantity) or Sketch()

    def absorb(self, other: "Row") -> None:
        """Add the other row's counts to this one; for a row still being built."""
        for name, value in other.counters.items():
            self.counters[name] = self.counters.get(name, 0) + value
        for quantity, sketch in other.sketches.items():
            self.sketches.setdefault(quantity, Sketch()).merge(sketch.buckets, sketch.scale)


def merged(rows: Iterable[Row], start: int = 0) -> Row:
    """Return the rows' sum as a row of its own."""
    total = Row(start)
    for row in rows:
        total.absorb(row)
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowTotal:
    """Hold the sum of a window's rows, with its `coverage` and `corrupt_keys`: small however long the window."""

    series: Series
    row: Row
    coverage: float
    corrupt_keys: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesWindow:
    """Hold a series' rows that have data, oldest first, within the span.

    `corrupt_keys`: how many keys of the window were left out because they hold something else.
    """

    series: Series
    span: Span
    rows: tuple[Row, ...]
    corrupt_keys: int = 0

    @property
    def coverage(self) -> float:
        """Return the part of the span since the first row with data, 0–1; 0 without data.

        Worked: first data at 09:45, span 09:30 … 10:30: 0.75.
        """
        if not self.rows or self.span.seconds <= 0:
            return 0.0
        return min(1.0, (self.span.end - self.rows[0].start) / self.span.seconds)

    def total(self) -> Row:
        """Return the sum of the rows; O(rows · buckets)."""
        return merged(self.rows, self.span.begin)

    def summed(self) -> WindowTotal:
        """Return the sum of the rows with what it rests on; O(rows · buckets)."""
        return WindowTotal(
            series=self.series, row=self.total(), coverage=self.coverage, corrupt_keys=self.corrupt_keys
        )

    def since(self, begin: int) -> Row:
        """Return the sum of the rows that start at or after `begin`."""
        return merged((row for row in self.rows if row.start >= begin), begin)

    def by_hour(self) -> dict[str, Row]:
        """Return the rows' counters summed by hour: stamp `YYYY-MM-DD:HH` → row without sketches, oldest first."""
        hours: dict[int, Row] = {}
        for row in self.rows:
            start = row.start // 3600 * 3600
            hours.setdefault(start, Row(start)).absorb(Row(row.start, row.counters))
        return {stamp("hour", start): row for start, row in hours.items()}
