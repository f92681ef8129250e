"""Routes of `/api/monitoring` that tell the present state: health, errors, circuit breakers."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.circuits import circuit_json
from tokenpulse_reader.health import health_json
from tokenpulse_reader.loads import Loads
from tokenpulse_reader.parameters import Query, path_names
from tokenpulse_reader.problems import unknown
from tokenpulse_reader.responses import list_response, object_response
from tokenpulse_reader.snapshots import Snapshots
from tokenpulse_shared.errors_reader import RecentError
from tokenpulse_shared.store import MetricsStore

_HEALTH = "/api/monitoring/health"
_ERRORS = "/api/monitoring/errors"
_CIRCUITS = "/api/monitoring/circuit-breakers"


def routes(store: MetricsStore, snapshots: Snapshots, loads: Loads) -> list[Route]:
    """Return the routes; health and breakers are served from the snapshot."""

    async def health(_: Request) -> Response:
        served = await snapshots.current()
        return list_response(served, map(health_json, served.value.health.values()))

    async def provider_health(request: Request) -> Response:
        (provider,) = path_names(request.scope, f"{_HEALTH}/", 1)
        served = await snapshots.current()
        held = served.value.health.get(provider)
        if held is None:
            raise unknown("provider")
        return object_response(served, health_json(held))

    async def errors(request: Request) -> Response:
        (provider,) = path_names(request.scope, f"{_ERRORS}/", 1)
        limit = Query(request.scope).whole_number("limit", 100, 1, 1000)

        async def load() -> list[RecentError] | None:
            if not await store.has_provider(provider):
                return None
            return await store.recent_errors(provider, 1000)

        served = await loads.get(("errors", provider), load)
        if served.value is None:
            raise unknown("provider")
        return list_response(served, served.value[:limit])

    async def circuits(_: Request) -> Response:
        served = await snapshots.current()
        return list_response(served, map(circuit_json, served.value.circuits))

    async def provider_circuits(request: Request) -> Response:
        (provider,) = path_names(request.scope, f"{_CIRCUITS}/", 1)
        served = await snapshots.current()
        found = [status for status in served.value.circuits if status.provider == provider]
        if not found:
            raise unknown("provider")
        return list_response(served, map(circuit_json, found))

    return [
        Route(_HEALTH, health),
        Route(f"{_HEALTH}/{{provider:path}}", provider_health),
        Route(f"{_ERRORS}/{{provider:path}}", errors),
        Route(_CIRCUITS, circuits),
        Route(f"{_CIRCUITS}/{{provider:path}}", provider_circuits),
    ]
