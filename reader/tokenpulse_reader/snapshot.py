"""What the hot endpoints, the exposition and the page are served from: everything at one moment.

Invariant: a snapshot never changes; the next one has the next version.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tokenpulse_reader.exposition.facts import LastDay
from tokenpulse_reader.stats import realtime_json
from tokenpulse_shared.circuits_reader import CircuitStatus
from tokenpulse_shared.provider_health import ProviderHealth, compute_provider_health
from tokenpulse_shared.series_window import SeriesWindow
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.timespan import minutes_span
from tokenpulse_shared.totals_records import Totals

LAST_DAY_SECONDS: Final = 60.0
"""How often the last 24 hours are read anew: a minute moves them by 0.07 %."""
_LAST_DAY_HOURS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Hold one view of the store, computed at `computed_at`, epoch seconds.

    `health` and `realtime` (JSON of the last hour) come from the same windows. `last_day` may be a minute older.
    """

    version: int
    computed_at: float
    health: Mapping[str, ProviderHealth]
    realtime: Mapping[str, Any]
    circuits: tuple[CircuitStatus, ...]
    totals: Totals
    last_day: LastDay


class SnapshotLoader:
    """Load one snapshot after the other."""

    def __init__(self, store: MetricsStore) -> None:
        self._store = store
        self._version = 0
        self._last_day = LastDay()
        self._last_day_at: float | None = None

    async def load(self) -> Snapshot:
        """Return the next snapshot.

        Raises:
            StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
        """
        store = self._store
        now, providers = await store.now(), await store.providers()
        windows = await store.windows_of(providers, minutes_span(now, 60))
        health, realtime = await asyncio.to_thread(
            _last_hour, windows, store.settings.acceptable_latency, now
        )
        circuits, totals = await store.circuits(), await store.totals()
        last_day = await self._load_last_day(providers, now)
        self._version += 1
        return Snapshot(
            version=self._version,
            computed_at=now,
            health=health,
            realtime=realtime,
            circuits=tuple(circuits),
            totals=totals,
            last_day=last_day,
        )

    async def _load_last_day(self, providers: list[str], now: float) -> LastDay:
        if self._last_day_at is None or not 0.0 <= now - self._last_day_at < LAST_DAY_SECONDS:
            windows = [
                window
                for provider in providers
                for window in await self._store.series_hours(provider, _LAST_DAY_HOURS)
            ]
            self._last_day, self._last_day_at = await asyncio.to_thread(last_day_of, windows), now
        return self._last_day


def _last_hour(
    windows: list[SeriesWindow], acceptable_seconds: float, now: float
) -> tuple[dict[str, ProviderHealth], dict[str, Any]]:
    """Return every provider's health, and the JSON of `/stats/realtime`, from windows of 60 minutes."""
    health = {
        window.series.provider: compute_provider_health(window, acceptable_seconds) for window in windows
    }
    return health, realtime_json(windows, health, 1, now)


def last_day_of(windows: list[SeriesWindow]) -> LastDay:
    """Return costs by provider, uptime by model (over all its providers), from windows of both.

    A provider none of whose requests had a price has no cost: it is not known.
    """
    costs: dict[str, int] = {}
    uptime: dict[str, tuple[int, int]] = {}
    for window in windows:
        row, (provider, model) = window.total(), window.series
        if model is None:
            if not row.requests or row.requests > row.count("unpriced_requests"):
                costs[provider] = row.count("total_cost")
        elif row.successes + row.faults:
            successes, faults = uptime.get(model, (0, 0))
            uptime[model] = (successes + row.successes, faults + row.faults)
    return LastDay(cost_nano_usd=costs, uptime=uptime)
