"""Load what the exposition tells beside the snapshot: breakers' counters, gauges, what readers count of themselves."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.families_readers import TASK_ERRORS
from tokenpulse_reader.exposition.request_rate import RequestRate
from tokenpulse_reader.exposition.summary import http_requests
from tokenpulse_reader.reports.anomalies import Anomaly, ongoing
from tokenpulse_reader.snapshots.snapshot import Snapshot
from tokenpulse_shared.store import MetricsStore

_COUNTED: Final = "anomaly"


class Cache(Protocol):
    """Keep answers; both numbers only grow."""

    @property
    def hits(self) -> int:
        """Return how many answers were made from memory."""

    @property
    def misses(self) -> int:
        """Return for how many something was loaded."""


class FleetFacts:
    """Make the facts of an exposition; belongs to one event loop.

    `caches`: by name. `task_errors`: how many snapshots failed since the process began. `rate`: is told the number
    of HTTP requests in each snapshot.
    """

    def __init__(
        self,
        store: MetricsStore,
        caches: Callable[[], Mapping[str, Cache]],
        task_errors: Callable[[], int],
        rate: RequestRate,
    ) -> None:
        self._store = store
        self._caches = caches
        self._task_errors = task_errors
        self._rate = rate

    async def of(self, snapshot: Snapshot) -> Facts:
        """Return the facts of a snapshot.

        Raises:
            StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
        """
        store = self._store
        events = {_event(anomaly): f"{_COUNTED}:{anomaly.type}" for anomaly in snapshot.anomalies}
        facts = Facts(
            totals=snapshot.totals,
            health={name: held.health for name, held in snapshot.health.items()},
            breakers={(one.provider, one.model): one.state for one in snapshot.circuits},
            last_day=snapshot.last_day,
            breaker_counters=await store.circuit_counters(),
            gauges=await store.gauges(),
            anomalies=Counter(anomaly.type for anomaly in ongoing(snapshot.anomalies, snapshot.computed_at)),
            readers=await store.count_in_fleet(self._counters(), events),
        )
        self._rate.note(snapshot.totals.taken_at, http_requests(facts))
        return facts

    def _counters(self) -> dict[str, int]:
        """Return what this process counts of itself."""
        counters = dict(self._store.read_counts.counters())
        for name, cache in self._caches().items():
            counters[f"hits:{name}"] = cache.hits
            counters[f"misses:{name}"] = cache.misses
        counters[TASK_ERRORS] = self._task_errors()
        return counters


def _event(anomaly: Anomaly) -> str:
    return f"{anomaly.type}:{anomaly.start}:{anomaly.provider}"
