"""Serve what tells of the metrics: their summary in JSON, their documentation."""

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.exposition.guide import guide
from tokenpulse_reader.exposition.holder import ExpositionHolder
from tokenpulse_reader.exposition.request_rate import RequestRate
from tokenpulse_reader.exposition.summary import summary_json
from tokenpulse_reader.http.responses import object_response
from tokenpulse_reader.reports.units import iso
from tokenpulse_reader.routes.exposition import PREFIX
from tokenpulse_reader.snapshots.snapshots import Snapshots
from tokenpulse_shared.errors import StoreUnavailableError

MARKDOWN: Final = "text/markdown; charset=utf-8"


def routes(snapshots: Snapshots, holder: ExpositionHolder, rate: RequestRate, base_url: str) -> list[Route]:
    """Return the routes; `rate`: of HTTP requests; `base_url`: where the reader is, as its documentation says."""

    async def summary(_: Request) -> Response:
        served = await snapshots.current()
        if holder.current is None:
            raise StoreUnavailableError("no numbers were loaded yet")
        metrics = await asyncio.to_thread(summary_json, holder.current.facts, rate.per_minute())
        return object_response(served, {"timestamp": iso(served.computed_at), "metrics": metrics})

    page = guide(base_url)

    async def docs(_: Request) -> Response:
        return Response(page, media_type=MARKDOWN)

    return [
        Route(f"{PREFIX}/summary", summary, methods=["GET"]),
        Route(f"{PREFIX}/docs", docs, methods=["GET"]),
    ]
