"""Routes that show the whole fleet at a glance."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.http.responses import object_response
from tokenpulse_reader.reports.overview import MODEL_HOURS, dashboard_json, models_json
from tokenpulse_reader.snapshots.loads import Loads
from tokenpulse_reader.snapshots.snapshots import Snapshots
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.windows.timespan import hours_span


def routes(store: MetricsStore, snapshots: Snapshots, slow_loads: Loads) -> list[Route]:
    """Return the routes; `slow_loads` keeps what is dear for longer: a minute moves a day by 0.07 %."""

    async def dashboard(_: Request) -> Response:
        served = await snapshots.current()
        return object_response(served, dashboard_json(list(served.value.health.values()), served.computed_at))

    async def models(_: Request) -> Response:
        async def load() -> dict[str, Any]:
            now = await store.now()
            span = hours_span(now, MODEL_HOURS)
            totals = await store.series.totals(await store.series.known(), span, ("latency",))
            return await asyncio.to_thread(models_json, totals, now)

        served = await slow_loads.get("models", load)
        return object_response(served, served.value)

    return [Route("/health/dashboard", dashboard), Route("/models/stats", models)]
