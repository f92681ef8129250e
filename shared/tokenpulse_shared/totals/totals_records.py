"""What the monotonic counters in Redis say, as the reader holds them.

Invariant: nothing here is estimated. A counter that was never written is absent, not zero; a histogram that
never counted is absent. Bucket counts are per fine bucket alone, in the order of the quantity's boundaries
in `histogram`, `+Inf` last; sums are the integers Redis holds (microseconds, nano-USD, bytes).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import add
from typing import Final, NamedTuple

from tokenpulse_shared.exemplar import Exemplar

FRESH_SECONDS: Final = 15.0
"""A writer whose last report is older is taken for gone; it reports with every flush, at most 60 s apart
by setting and 1 s by default."""


class HistogramTotals(NamedTuple):
    """Hold one histogram: counts by fine bucket, the sum in the unit Redis holds it in."""

    counts: list[int]
    sum: int

    @property
    def value_count(self) -> int:
        """Return how many values were counted."""
        return sum(self.counts)

    def plus(self, other: "HistogramTotals") -> "HistogramTotals":
        """Return both added; they must have the same boundaries."""
        return HistogramTotals(list(map(add, self.counts, other.counts)), self.sum + other.sum)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesTotals:
    """Hold a hash of totals: counters by name, histograms by quantity, and by (quantity, endpoint).

    `error_types` counts failures by error type, by outcome where there was none. `created_at`: when counting began,
    epoch seconds; None: an older release began it. `exemplar`: the last request of which the trace is known.
    """

    counters: Mapping[str, int]
    histograms: Mapping[str, HistogramTotals] = field(default_factory=dict)
    endpoints: Mapping[tuple[str, str], HistogramTotals] = field(default_factory=dict)
    finish_reasons: Mapping[str, int] = field(default_factory=dict)
    error_types: Mapping[str, int] = field(default_factory=dict)
    created_at: float | None = None
    exemplar: Exemplar | None = None


class ModelTotals(NamedTuple):
    """Name the series that totals belong to."""

    provider: str
    model: str
    totals: SeriesTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterReport:
    """Hold what a writer last said of itself; `at` and `last_flush` are epoch seconds of its own clock.

    `in_progress`: (method, route, running requests). `pending_observations`: requests it holds in memory;
    `clock_offset_seconds`: what it adds to its host's clock to have Redis's. None: it did not say.
    """

    writer: str
    at: float
    version: str | None
    in_progress: tuple[tuple[str, str, int], ...]
    pending_batches: int | None
    last_flush: float | None
    pending_observations: int | None = None
    clock_offset_seconds: float | None = None
    host: str | None = None
    pid: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppTotals:
    """Hold an app's plain HTTP counters; keys are (method, route) or (method, route, status).

    `created_at`: when counting began, epoch seconds; None: an older release began it.
    """

    name: str
    requests: Mapping[tuple[str, str, str], int]
    durations: Mapping[tuple[str, str, str], HistogramTotals]
    request_sizes: Mapping[tuple[str, str], HistogramTotals]
    response_sizes: Mapping[tuple[str, str], HistogramTotals]
    exceptions: Mapping[str, int]
    internal: Mapping[str, int]
    writers: tuple[WriterReport, ...]
    created_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisInfo:
    """Hold what the Redis server says of itself: numbers of INFO by name, keys by database number."""

    numbers: Mapping[str, int]
    keys: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Hold every monotonic counter at one time; `taken_at` is epoch seconds of Redis' clock.

    Models and apps are ordered by name. `redis` is None when the server does not answer INFO.
    `corrupt_keys`: keys that hold something tokenpulse did not write; they are left out of the rest.
    `unreadable_fields`: fields left out because their value is no whole number.
    """

    taken_at: float
    providers: Mapping[str, SeriesTotals]
    models: tuple[ModelTotals, ...]
    apps: tuple[AppTotals, ...]
    redis: RedisInfo | None
    corrupt_keys: tuple[str, ...] = ()
    unreadable_fields: int = 0

    def fresh_writers(self, app: AppTotals) -> list[WriterReport]:
        """Return the writers of an app that reported within the last `FRESH_SECONDS`."""
        return [report for report in app.writers if self.taken_at - report.at < FRESH_SECONDS]
