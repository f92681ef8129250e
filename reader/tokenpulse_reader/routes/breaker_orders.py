"""Routes by which a person resets a circuit breaker, or holds it open or closed."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from tokenpulse_reader.http.name_route import NameRoute
from tokenpulse_reader.http.parameters import path_names
from tokenpulse_reader.http.problems import RETRY_SECONDS, ProblemError, unknown
from tokenpulse_reader.http.responses import json_response
from tokenpulse_reader.reports.circuits import circuit_json
from tokenpulse_shared.breaker import Order
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.store import MetricsStore

PREFIX: Final = "/api/monitoring/circuit-breakers/"
ORDERS: Final[tuple[Order, ...]] = ("reset", "open", "close")


def routes(store: MetricsStore) -> list[Route]:
    """Return the routes; who may use them is decided before routing (see `auth`)."""
    return [
        NameRoute(
            f"{PREFIX}{{provider}}/{{model:path}}/{order}",
            _endpoint(store, order),
            methods=["POST"],
            name=order,
        )
        for order in ORDERS
    ]


def _endpoint(store: MetricsStore, order: Order) -> Callable[[Request], Awaitable[Response]]:
    async def carry_out(request: Request) -> Response:
        provider, model = path_names(_without_end(request.scope, f"/{order}"), PREFIX, 2)
        try:
            status = await store.order_circuit(provider, model, order)
        except StoreUnavailableError as error:  # its text is in tokenpulse's own words: see `store_errors`
            message = f"the breaker is not known to be moved: {error}"
            raise ProblemError(503, "not_written", message, retry_after_seconds=RETRY_SECONDS) from error
        if status is None:
            raise unknown("model")
        return json_response(circuit_json(status))

    return carry_out


def _without_end(scope: Scope, end: str) -> Scope:
    """Return the scope of the path without its last part, as far as that is not encoded."""
    raw = scope.get("raw_path")
    kept = {**scope, "path": scope["path"].removesuffix(end)}
    if raw:
        kept["raw_path"] = raw.partition(b"?")[0].removesuffix(end.encode())
    return kept
