"""What the hot endpoints, the exposition and the page are served from: everything at one moment.

Invariant: a snapshot never changes; the next one has the next version.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tokenpulse_reader.exposition.facts import LastDay
from tokenpulse_reader.reports.anomalies import Anomaly
from tokenpulse_reader.reports.anomaly_report import load_hours, report_of
from tokenpulse_reader.reports.stats import realtime_json
from tokenpulse_reader.snapshots.score_keeper import ScoreKeeper
from tokenpulse_shared.circuits.circuits_reader import CircuitStatus
from tokenpulse_shared.health.provider_health import ProviderHealth, assess
from tokenpulse_shared.health.score_board import ScoreBoard
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.totals.totals_records import Totals
from tokenpulse_shared.windows.series_window import SeriesWindow
from tokenpulse_shared.windows.timespan import hours_span

LAST_DAY_SECONDS: Final = 60.0
"""How often the last 24 hours are read anew: a minute moves them by 0.07 %."""
_LAST_DAY_HOURS: Final = 24
_SERIES_A_TRIP: Final = 40
"""About 3 ms of work on the event loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Hold one view of the store, computed at `computed_at`, epoch seconds.

    `health` is that of the board (see `score_keeper`), so up to a minute older, as `last_day` may be.
    `realtime`: JSON of the last hour.
    """

    version: int
    computed_at: float
    health: Mapping[str, ProviderHealth]
    realtime: Mapping[str, Any]
    circuits: tuple[CircuitStatus, ...]
    totals: Totals
    last_day: LastDay
    anomalies: tuple[Anomaly, ...] = ()
    """Those of the last 24 hours, newest first; as old as `last_day`."""


class SnapshotLoader:
    """Load one snapshot after the other; `scores` gives the board of health scores to serve."""

    def __init__(self, store: MetricsStore, scores: ScoreKeeper) -> None:
        self._store = store
        self._scores = scores
        self._version = 0
        self._last_day = LastDay()
        self._last_day_at: float | None = None
        self._anomalies: tuple[Anomaly, ...] = ()

    async def load(self) -> Snapshot:
        """Return the next snapshot.

        Raises:
            StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
        """
        store = self._store
        now, providers = await store.now(), await store.providers()
        windows = await store.last_hour(providers)
        board = await self._scores.board(windows, now)
        health = health_of(board, providers, store.settings.acceptable_latency)
        realtime = await asyncio.to_thread(realtime_json, windows, health, 1, now)
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
            anomalies=self._anomalies,
        )

    async def _load_last_day(self, providers: list[str], now: float) -> LastDay:
        if self._last_day_at is None or not 0.0 <= now - self._last_day_at < LAST_DAY_SECONDS:
            span, series = hours_span(now, _LAST_DAY_HOURS), self._store.series
            hours = await load_hours(self._store, providers, now)
            pages = series.pages(await series.known(), span, most=_SERIES_A_TRIP)
            models = [window async for page in pages for window in page]
            self._anomalies = (await asyncio.to_thread(report_of, hours, now)).anomalies
            last_day = await asyncio.to_thread(last_day_of, [*hours, *models], span.begin)
            self._last_day, self._last_day_at = last_day, now
        return self._last_day


def health_of(
    board: ScoreBoard, providers: list[str], acceptable_seconds: float
) -> dict[str, ProviderHealth]:
    """Return the health of each provider known, by name; of one that no board has yet nothing is known."""
    return {
        provider: board.providers.get(provider)
        or assess(provider, [], board.computed_at, acceptable_seconds, source=board.source)
        for provider in providers
    }


def last_day_of(windows: list[SeriesWindow], begin: int) -> LastDay:
    """Return costs by provider, uptime by model (over all its providers), from windows of both since `begin`.

    A provider none of whose requests had a price has no cost: it is not known.
    """
    costs: dict[str, int] = {}
    uptime: dict[str, tuple[int, int]] = {}
    for window in windows:
        row, (provider, model) = window.since(begin), window.series
        if model is None:
            if not row.requests or row.requests > row.count("unpriced_requests"):
                costs[provider] = row.count("total_cost")
        elif row.successes + row.faults:
            successes, faults = uptime.get(model, (0, 0))
            uptime[model] = (successes + row.successes, faults + row.faults)
    return LastDay(cost_nano_usd=costs, uptime=uptime)
