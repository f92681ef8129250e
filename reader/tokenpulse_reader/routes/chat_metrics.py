"""Routes of `/api/metrics`: one hour of a model, a provider or a gateway."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.hour_stats import gateway_hour_json, model_hour_json, provider_hour_json
from tokenpulse_reader.loads import Loads
from tokenpulse_reader.parameters import Query
from tokenpulse_reader.problems import unknown
from tokenpulse_reader.responses import object_response
from tokenpulse_shared.keyspace import stamp
from tokenpulse_shared.store import MetricsStore

KINDS: Final = ("model", "provider", "gateway")


def _time_bucket(start: int) -> str:
    return stamp("hour", start).replace(":", "-")


async def _load_hour(store: MetricsStore, kind: str, name: str, start: int) -> dict[str, Any] | None:
    """Return the hour's JSON, None when there is no such model, provider or gateway."""
    bucket = _time_bucket(start)
    if kind == "model":
        windows = await store.model_hour(name, start)
        return model_hour_json(name, bucket, windows) if windows else None
    if kind == "provider":
        if not await store.has_provider(name):
            return None
        whole, models = await store.provider_hour(name, start)
        return provider_hour_json(whole, models, bucket)
    hour = await store.gateway_hour(name, start)
    return None if hour is None else gateway_hour_json(hour, bucket)


def routes(store: MetricsStore, loads: Loads) -> list[Route]:
    """Return `/api/metrics/realtime`."""

    async def realtime(request: Request) -> Response:
        query = Query(request.scope)
        kind = query.choice("type", KINDS)
        name = query.required_text("id", f"the name of a {kind}")
        asked = query.hour("time_bucket")

        async def load() -> dict[str, Any] | None:
            start = int(await store.now()) // 3600 * 3600 if asked is None else asked
            return await _load_hour(store, kind, name, start)

        served = await loads.get(("hour", kind, name, asked), load)
        if served.value is None:
            raise unknown(kind)
        return object_response(served, {"type": kind, "id": name, "data": served.value})

    return [Route("/api/metrics/realtime", realtime)]
