"""The route that takes measurements from clients that measure themselves."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.http.bodies import read_json
from tokenpulse_reader.http.idempotency import count_once, idempotency_key
from tokenpulse_reader.http.problems import ProblemError
from tokenpulse_reader.http.responses import json_response
from tokenpulse_reader.posts.ingest import Ingest
from tokenpulse_reader.posts.measurements import Measurement, parse_measurements
from tokenpulse_shared.store import MetricsStore

PATH: Final = "/api/metrics/chat"


def routes(ingest: Ingest | None, store: MetricsStore) -> list[Route]:
    """Return the route; without anybody who takes measurements it answers 501."""

    async def chat(request: Request) -> Response:
        if ingest is None:
            message = "this reader takes no measurements: start it with `tokenpulse reader`"
            raise ProblemError(501, "not_taken", message)
        key = idempotency_key(request.headers)
        measured = parse_measurements(await read_json(request))
        if key is None:
            _record(ingest, measured)
        elif not await count_once(store, key, await request.body(), partial(_record, ingest, measured)):
            return json_response({"success": True}, headers={"Idempotent-Replayed": "true"})
        return json_response({"success": True})

    return [Route(PATH, chat, methods=["POST"])]


def _record(ingest: Ingest, measured: Sequence[Measurement]) -> None:
    for held in measured:
        ingest.record(
            provider=held.provider,
            model=held.model,
            gateway=held.gateway,
            latency_ms=held.total_time_ms,
            ttft_ms=held.ttft_ms,
            success=held.success,
            error_type=held.error_type,
        )
