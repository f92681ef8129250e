"""Routes of `/api/monitoring` that answer from a window of time: realtime, hourly, latency."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.http.name_route import NameRoute
from tokenpulse_reader.http.parameters import Query, path_names
from tokenpulse_reader.http.problems import ProblemError, unknown
from tokenpulse_reader.http.responses import object_response
from tokenpulse_reader.reports.stats import hourly_json, latency_json, realtime_json
from tokenpulse_reader.snapshots.loads import Loads
from tokenpulse_reader.snapshots.snapshots import Snapshots
from tokenpulse_shared.counters import SKETCHED
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.windows.series_window import WindowTotal

_PREFIX = "/api/monitoring"
_DEFAULT_PERCENTILES = (50.0, 95.0, 99.0)


def routes(store: MetricsStore, snapshots: Snapshots, loads: Loads) -> list[Route]:
    """Return the routes; one hour of realtime is served from the snapshot, the rest is loaded when asked for."""
    stats = _Stats(store, snapshots, loads)
    return [
        Route(f"{_PREFIX}/stats/realtime", stats.realtime),
        NameRoute(f"{_PREFIX}/stats/hourly/{{provider:path}}", stats.hourly),
        NameRoute(f"{_PREFIX}/latency/{{provider}}/{{model:path}}", stats.latency),
    ]


class _Stats:
    """Answer from windows."""

    def __init__(self, store: MetricsStore, snapshots: Snapshots, loads: Loads) -> None:
        self._store = store
        self._snapshots = snapshots
        self._loads = loads

    async def realtime(self, request: Request) -> Response:
        hours = Query(request.scope).whole_number("hours", 1, 1, 24)
        if hours == 1:
            served = await self._snapshots.current()
            return object_response(served, served.value.realtime)
        loaded = await self._loads.get(("realtime", hours), lambda: self._load_realtime(hours))
        return object_response(loaded, loaded.value)

    async def _load_realtime(self, hours: int) -> dict[str, Any]:
        windows = await self._store.provider_windows(hours)
        health = (await self._snapshots.current()).value.health
        return await asyncio.to_thread(realtime_json, windows, health, hours, await self._store.now())

    async def hourly(self, request: Request) -> Response:
        (provider,) = path_names(request.scope, f"{_PREFIX}/stats/hourly/", 1)
        hours = Query(request.scope).whole_number("hours", 24, 1, 168)

        async def load() -> dict[str, Any] | None:
            if not await self._store.has_provider(provider):
                return None
            window = await self._store.hourly(provider, hours)
            return await asyncio.to_thread(hourly_json, window, hours)  # 5 ms for 168 hours

        served = await self._loads.get(("hourly", provider, hours), load)
        if served.value is None:
            raise unknown("provider")
        return object_response(served, served.value)

    async def latency(self, request: Request) -> Response:
        provider, model = path_names(request.scope, f"{_PREFIX}/latency/", 2)
        query = Query(request.scope)
        percentiles = query.percentiles("percentiles", _DEFAULT_PERCENTILES)
        quantity = query.choice("metric", SKETCHED, SKETCHED[0])
        hours = query.whole_number("hours", 1, 1, 168)

        async def load() -> WindowTotal:
            window = await self._store.model_window(provider, model, hours=hours)
            return await asyncio.to_thread(window.summed)

        served = await self._loads.get(("latency", provider, model, hours), load)
        body = latency_json(served.value, quantity, percentiles, hours)
        if body is None:
            raise ProblemError(404, "no_data", "nothing was measured of this model in this window")
        return object_response(served, body)
