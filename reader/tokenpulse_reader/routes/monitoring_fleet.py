"""Routes of `/api/monitoring` that look at all providers at once over hours or days."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.http.parameters import Query
from tokenpulse_reader.http.responses import object_response
from tokenpulse_reader.reports.anomaly_report import anomalies_json, load_anomalies
from tokenpulse_reader.reports.comparison import comparison_json
from tokenpulse_reader.reports.cost_analysis import cost_analysis_json
from tokenpulse_reader.reports.economy import COUNTERS
from tokenpulse_reader.reports.error_rates import error_rates_json
from tokenpulse_reader.snapshots.loads import Loads
from tokenpulse_reader.snapshots.snapshots import Snapshots
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.windows.series_window import Series
from tokenpulse_shared.windows.timespan import days_span, window_span

MOST_HOURS = 168
MOST_DAYS = 90
_PREFIX = "/api/monitoring"


def routes(store: MetricsStore, snapshots: Snapshots, loads: Loads) -> list[Route]:
    """Return the routes; each loads what it is asked for, once for all who ask at the same time."""
    fleet = _Fleet(store, snapshots, loads)
    return [
        Route(f"{_PREFIX}/providers/comparison", fleet.comparison),
        Route(f"{_PREFIX}/anomalies", fleet.anomalies),
        Route(f"{_PREFIX}/cost-analysis", fleet.cost_analysis),
        Route(f"{_PREFIX}/error-rates", fleet.error_rates),
    ]


class _Fleet:
    """Answer from the windows of every provider, or of every model."""

    def __init__(self, store: MetricsStore, snapshots: Snapshots, loads: Loads) -> None:
        self._store = store
        self._snapshots = snapshots
        self._loads = loads

    async def comparison(self, request: Request) -> Response:
        hours = Query(request.scope).whole_number("hours", 24, 1, MOST_HOURS)

        async def load() -> dict[str, Any]:
            store, span = self._store, window_span(await self._store.now(), hours)
            wanted = [Series(provider, None) for provider in await store.providers()]
            providers = await store.series.totals(wanted, span, ("latency",))
            models = await store.series.totals(await store.series.known(), span)
            health = (await self._snapshots.current()).value.health
            return await asyncio.to_thread(comparison_json, providers, models, health, span.end, hours)

        served = await self._loads.get(("comparison", hours), load)
        return object_response(served, served.value)

    async def anomalies(self, request: Request) -> Response:
        hours = Query(request.scope).whole_number("hours", 24, 1, MOST_HOURS)
        served = await self._loads.get(("anomalies", hours), lambda: load_anomalies(self._store, hours))
        return object_response(served, anomalies_json(served.value))

    async def cost_analysis(self, request: Request) -> Response:
        days = Query(request.scope).whole_number("days", 7, 1, MOST_DAYS)

        async def load() -> dict[str, Any]:
            store, span = self._store, days_span(await self._store.now(), days)
            totals = await store.series.totals(await store.series.known_in(span), span, counters=COUNTERS)
            return await asyncio.to_thread(cost_analysis_json, totals, span)

        served = await self._loads.get(("cost-analysis", days), load)
        return object_response(served, served.value)

    async def error_rates(self, request: Request) -> Response:
        hours = Query(request.scope).whole_number("hours", 24, 1, MOST_HOURS)

        async def load() -> dict[str, Any]:
            store, span = self._store, window_span(await self._store.now(), hours)
            totals = await store.series.totals(await store.series.known(), span)
            return await asyncio.to_thread(error_rates_json, totals, span.end, hours)

        served = await self._loads.get(("error-rates", hours), load)
        return object_response(served, served.value)
