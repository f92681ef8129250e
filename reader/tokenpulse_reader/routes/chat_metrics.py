"""Routes of `/api/metrics`: hours of models, providers, gateways."""

import asyncio
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.http.parameters import Query
from tokenpulse_reader.http.problems import unknown
from tokenpulse_reader.http.responses import object_response
from tokenpulse_reader.reports.hour_stats import gateway_hour_json, model_hour_json, provider_hour_json
from tokenpulse_reader.reports.model_hours import TREND_METRICS, leaderboard_json, time_bucket, trend_json
from tokenpulse_reader.snapshots.loads import Loads
from tokenpulse_shared.names import clean_name
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.windows.timespan import hour_span, hours_span

_PREFIX: Final = "/api/metrics"
KINDS: Final = ("model", "provider", "gateway")
ORDERS: Final = ("desc", "asc")


def routes(store: MetricsStore, loads: Loads) -> list[Route]:
    """Return the routes that read."""
    hours = _Hours(store, loads)
    return [
        Route(f"{_PREFIX}/realtime", hours.realtime),
        Route(f"{_PREFIX}/health/leaderboard", hours.leaderboard),
        Route(f"{_PREFIX}/provider/summary", hours.summary),
        Route(f"{_PREFIX}/trends", hours.trends),
    ]


class _Hours:
    """Answer from hours of the clock."""

    def __init__(self, store: MetricsStore, loads: Loads) -> None:
        self._store = store
        self._loads = loads

    async def realtime(self, request: Request) -> Response:
        query = Query(request.scope)
        kind = query.choice("type", KINDS)
        name = clean_name(query.required_text("id", f"the name of a {kind}"))
        asked = query.hour("time_bucket")

        async def load() -> dict[str, Any] | None:
            return await self._load_hour(kind, name, await self._start(asked))

        served = await self._loads.get(("hour", kind, name, asked), load)
        if served.value is None:
            raise unknown(kind)
        return object_response(served, {"type": kind, "id": name, "data": served.value})

    async def leaderboard(self, request: Request) -> Response:
        query = Query(request.scope)
        order = query.choice("order", ORDERS, ORDERS[0])
        limit = query.whole_number("limit", 10, 1, 100)
        asked = query.hour("time_bucket")

        async def load() -> dict[str, Any]:
            start = await self._start(asked)
            span = hour_span(start, await self._store.now())
            totals = await self._store.series.totals(await self._store.series.known(), span)
            return await asyncio.to_thread(  # 13 µs a model, of which there may be 20,000
                leaderboard_json,
                totals,
                start=start,
                order=order,
                limit=limit,
                acceptable_seconds=self._store.settings.acceptable_latency,
            )

        served = await self._loads.get(("leaderboard", order, limit, asked), load)
        return object_response(served, served.value)

    async def summary(self, request: Request) -> Response:
        query = Query(request.scope)
        provider = clean_name(query.required_text("provider", "the name of a provider"))
        asked = query.hour("time_bucket")

        async def load() -> dict[str, Any] | None:
            return await self._load_hour("provider", provider, await self._start(asked))

        served = await self._loads.get(("hour", "provider", provider, asked), load)
        if served.value is None:
            raise unknown("provider")
        return object_response(served, {"provider": provider, "data": served.value})

    async def trends(self, request: Request) -> Response:
        query = Query(request.scope)
        model = clean_name(query.required_text("model", "a model's id"))
        metric = query.choice("metric", TREND_METRICS)
        hours = query.whole_number("hours", 6, 1, 24)

        async def load() -> dict[str, Any] | None:
            span = hours_span(await self._store.now(), hours)
            windows = await self._store.model_over(model, span)
            return trend_json(model, metric, span, windows) if windows else None

        served = await self._loads.get(("trend", model, metric, hours), load)
        if served.value is None:
            raise unknown("model")
        return object_response(served, served.value)

    async def _start(self, asked: int | None) -> int:
        """Return the start of the hour asked for, of the current one without."""
        return int(await self._store.now()) // 3600 * 3600 if asked is None else asked

    async def _load_hour(self, kind: str, name: str, start: int) -> dict[str, Any] | None:
        """Return the hour's JSON, None when there is no such model, provider or gateway."""
        bucket = time_bucket(start)
        if kind == "model":
            windows = await self._store.model_hour(name, start)
            return model_hour_json(name, bucket, windows) if windows else None
        if kind == "provider":
            if not await self._store.has_provider(name):
                return None
            whole, models = await self._store.provider_hour(name, start)
            return provider_hour_json(whole, models, bucket)
        hour = await self._store.gateway_hour(name, start)
        return None if hour is None else gateway_hour_json(hour, bucket)
