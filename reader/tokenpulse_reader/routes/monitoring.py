"""Routes of `/api/monitoring` that tell the present state: health, errors, circuit breakers."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.http.name_route import NameRoute
from tokenpulse_reader.http.parameters import Query, path_names
from tokenpulse_reader.http.problems import unknown
from tokenpulse_reader.http.responses import list_response, object_response
from tokenpulse_reader.reports.circuits import circuit_json
from tokenpulse_reader.reports.explain import explained_json
from tokenpulse_reader.reports.health import health_json
from tokenpulse_reader.snapshots.loads import Loads
from tokenpulse_reader.snapshots.served import Served
from tokenpulse_reader.snapshots.snapshots import Snapshots
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.windows.errors_reader import RecentError

_HEALTH = "/api/monitoring/health"
_ERRORS = "/api/monitoring/errors"
_CIRCUITS = "/api/monitoring/circuit-breakers"


def routes(store: MetricsStore, snapshots: Snapshots, loads: Loads) -> list[Route]:
    """Return the routes; health and breakers are served from the snapshot."""
    present = _Present(store, snapshots, loads)
    return [
        Route(_HEALTH, present.healths),
        NameRoute(f"{_HEALTH}/{{provider:path}}", present.health),
        NameRoute(f"{_ERRORS}/{{provider:path}}", present.errors),
        Route(_CIRCUITS, present.circuits),
        NameRoute(f"{_CIRCUITS}/{{provider:path}}", present.provider_circuits),
    ]


class _Present:
    """Answer from the snapshot, errors from the store."""

    def __init__(self, store: MetricsStore, snapshots: Snapshots, loads: Loads) -> None:
        self._store = store
        self._snapshots = snapshots
        self._loads = loads

    async def healths(self, _: Request) -> Response:
        served = await self._snapshots.current()
        healths = served.value.health.values()
        computed_at = next((held.computed_at for held in healths), served.computed_at)
        scored = Served(healths, computed_at, served.age_seconds)
        return list_response(scored, map(health_json, healths))

    async def health(self, request: Request) -> Response:
        (provider,) = path_names(request.scope, f"{_HEALTH}/", 1)
        is_explained = Query(request.scope).choice("explain", ("true", "false"), "false") == "true"
        served = await self._snapshots.current()
        held = served.value.health.get(provider)
        if held is None:
            raise unknown("provider")
        scored = Served(held, held.computed_at, served.age_seconds)
        return object_response(scored, explained_json(held) if is_explained else health_json(held))

    async def errors(self, request: Request) -> Response:
        (provider,) = path_names(request.scope, f"{_ERRORS}/", 1)
        limit = Query(request.scope).whole_number("limit", 100, 1, 1000)

        async def load() -> list[RecentError] | None:
            if not await self._store.has_provider(provider):
                return None
            return await self._store.recent_errors(provider, 1000)

        served = await self._loads.get(("errors", provider), load)
        if served.value is None:
            raise unknown("provider")
        return list_response(served, served.value[:limit])

    async def circuits(self, _: Request) -> Response:
        served = await self._snapshots.current()
        return list_response(served, map(circuit_json, served.value.circuits))

    async def provider_circuits(self, request: Request) -> Response:
        (provider,) = path_names(request.scope, f"{_CIRCUITS}/", 1)
        served = await self._snapshots.current()
        found = [status for status in served.value.circuits if status.provider == provider]
        if not found:
            raise unknown("provider")
        return list_response(served, map(circuit_json, found))
