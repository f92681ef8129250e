"""Collect what has finished; fold it a batch at a time.

Strategy: a request only appends to a queue, and the one that fills a batch folds it. Folded one by one, each
fold finds the processor's caches full of the app's own code: a JSON request costs 26.8 µs that way, 23.1 in
batches of 32 (one run, CPython 3.11).
Invariants: whatever was added is folded exactly once; `settle` returns when all that was added before is.
Bounds: a batch holds `BATCH` of each kind, so that the request which folds it is held up for about 0.15 ms.
Safe from any thread: a deque's `append` is atomic, only the holder of an aggregator's lock takes out.
"""

from collections import deque
from typing import Final

from tokenpulse.aggregate import Aggregator
from tokenpulse.guard import Guard
from tokenpulse.http_aggregate import HttpAggregator
from tokenpulse.sink import HttpExchange
from tokenpulse_shared.records import Observation

BATCH: Final = 64
"""32 costs 5 % more per request, 128 saves another 1.5 %."""


class Intake:
    """Queue observations and exchanges before the aggregators."""

    def __init__(self, series: Aggregator, http: HttpAggregator, guard: Guard) -> None:
        self._guard = guard
        self._series = series
        self._http = http
        self._observations: deque[tuple[Observation, float]] = deque()
        self._exchanges: deque[HttpExchange] = deque()

    def add_observation(self, observation: Observation, now: float) -> None:
        """Take an observation that belongs to the minute of `now`, epoch seconds."""
        self._observations.append((observation, now))
        if len(self._observations) >= BATCH:
            self._report(self._series.fold_all(self._observations))

    def add_exchange(self, exchange: HttpExchange) -> None:
        """Take an HTTP exchange."""
        self._exchanges.append(exchange)
        if len(self._exchanges) >= BATCH:
            self._report(self._http.fold_all(self._exchanges))

    def settle(self) -> None:
        """Fold all that waits."""
        self._report(self._series.fold_all(self._observations))
        self._report(self._http.fold_all(self._exchanges))

    def _report(self, errors: list[Exception]) -> None:
        for error in errors:
            self._guard.error("fold", error)
