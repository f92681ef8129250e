"""Routes that tell an orchestrator whether the process lives, and whether it can answer."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.http.responses import json_response
from tokenpulse_reader.snapshots.snapshots import Snapshots
from tokenpulse_shared.errors import StoreError
from tokenpulse_shared.store import MetricsStore


def routes(store: MetricsStore, snapshots: Snapshots) -> list[Route]:
    """Return `/healthz` and `/readyz`."""

    async def reason_not_ready() -> str | None:
        try:
            await store.ping()
            await snapshots.current()
        except StoreError as error:
            return str(error)  # in tokenpulse's own words: see `store_errors`
        return "the snapshot is too old" if snapshots.is_too_old else None

    async def healthz(_: Request) -> Response:
        return json_response({"status": "ok"})

    async def readyz(_: Request) -> Response:
        reason = await reason_not_ready()
        age = snapshots.age_seconds
        body = {
            "status": "ready" if reason is None else "not_ready",
            "reason": reason,
            "snapshot_age_seconds": None if age is None else round(age, 3),
        }
        return json_response(body, 200 if reason is None else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
