"""Routes of `/api/monitoring` that look at one provider or one of its models over minutes, hours or days."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.http.name_route import NameRoute
from tokenpulse_reader.http.parameters import Query, path_names
from tokenpulse_reader.http.problems import unknown
from tokenpulse_reader.http.responses import object_response
from tokenpulse_reader.reports.economy import COUNTERS
from tokenpulse_reader.reports.efficiency import efficiency_json
from tokenpulse_reader.reports.trends import QUANTITIES as TRENDS_QUANTITIES
from tokenpulse_reader.reports.trends import latency_trends_json
from tokenpulse_reader.reports.uptime import DAY_HOURS, LONG_MINUTES, uptime_json
from tokenpulse_reader.reports.uptime import QUANTITIES as UPTIME_QUANTITIES
from tokenpulse_reader.snapshots.loads import Loads
from tokenpulse_shared.names import clean_name
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.windows.series_window import Series
from tokenpulse_shared.windows.timespan import days_span, hours_span, minutes_span

MOST_HOURS = 168
MOST_DAYS = 90
_PREFIX = "/api/monitoring"
_TRENDS = f"{_PREFIX}/latency-trends"
_EFFICIENCY = f"{_PREFIX}/token-efficiency"
_UPTIME = f"{_PREFIX}/uptime"


def routes(store: MetricsStore, loads: Loads) -> list[Route]:
    """Return the routes; a name that was never seen is a 404, a window without data is not."""
    series = _SeriesRoutes(store, loads)
    return [
        NameRoute(f"{_TRENDS}/{{provider:path}}", series.latency_trends),
        NameRoute(f"{_EFFICIENCY}/{{provider}}/{{model:path}}", series.token_efficiency),
        NameRoute(f"{_UPTIME}/{{provider}}/{{model:path}}", series.uptime),
    ]


class _SeriesRoutes:
    """Answer from the windows of one series."""

    def __init__(self, store: MetricsStore, loads: Loads) -> None:
        self._store = store
        self._loads = loads

    async def _knows(self, series: Series) -> bool:
        if series.model is None:
            return await self._store.has_provider(series.provider)
        return await self._store.series.knows(series)

    async def latency_trends(self, request: Request) -> Response:
        (provider,) = path_names(request.scope, f"{_TRENDS}/", 1)
        query = Query(request.scope)
        hours = query.whole_number("hours", 24, 1, MOST_HOURS)
        model = query.text("model") or None
        series = Series(provider, None if model is None else clean_name(model))

        async def load() -> dict[str, Any] | None:
            span = hours_span(await self._store.now(), hours)
            window = await self._store.series.window(series, span, TRENDS_QUANTITIES)
            if not window.rows and not await self._knows(series):
                return None
            return await asyncio.to_thread(latency_trends_json, window, hours)

        served = await self._loads.get(("latency-trends", series, hours), load)
        if served.value is None:
            raise unknown("provider" if model is None else "model")
        return object_response(served, served.value)

    async def token_efficiency(self, request: Request) -> Response:
        provider, model = path_names(request.scope, f"{_EFFICIENCY}/", 2)
        days = Query(request.scope).whole_number("days", 7, 1, MOST_DAYS)
        series = Series(provider, model)

        async def load() -> dict[str, Any] | None:
            span = days_span(await self._store.now(), days)
            window = await self._store.series.window(series, span, counters=COUNTERS)
            if not window.rows and not await self._knows(series):
                return None
            return efficiency_json(window.summed(), span.end, days)

        served = await self._loads.get(("token-efficiency", series, days), load)
        if served.value is None:
            raise unknown("model")
        return object_response(served, served.value)

    async def uptime(self, request: Request) -> Response:
        provider, model = path_names(request.scope, f"{_UPTIME}/", 2)
        series = Series(provider, model)

        async def load() -> dict[str, Any] | None:
            now = await self._store.now()
            half_hour = await self._store.series.window(
                series, minutes_span(now, LONG_MINUTES), UPTIME_QUANTITIES
            )
            day = await self._store.series.window(series, hours_span(now, DAY_HOURS))
            if not day.rows and not await self._knows(series):
                return None
            return await asyncio.to_thread(uptime_json, half_hour, day.summed())

        served = await self._loads.get(("uptime", series), load)
        if served.value is None:
            raise unknown("model")
        return object_response(served, served.value)
