"""Serve the exposition to scrapers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.exposition.exposition import Exposition, Scrape, families_named
from tokenpulse_reader.exposition.holder import ExpositionHolder
from tokenpulse_reader.exposition.metric import CATEGORIES, Category
from tokenpulse_reader.exposition.negotiate import CONTENT_TYPES, accepts_gzip, choose_format
from tokenpulse_reader.snapshots import Snapshots
from tokenpulse_shared.errors import StoreUnavailableError

PREFIX: Final = "/prometheus/metrics"

Current = Callable[[], Awaitable[Exposition]]
Endpoint = Callable[[Request], Awaitable[Response]]


def routes(snapshots: Snapshots, holder: ExpositionHolder) -> list[Route]:
    """Return the routes; without any snapshot they answer as every other endpoint does (503)."""

    async def current() -> Exposition:
        await snapshots.current()
        if holder.current is None:
            raise StoreUnavailableError("no numbers were loaded yet")
        return holder.current

    everything = _endpoint(current, None)
    return [
        Route("/metrics", everything, methods=["GET"]),
        Route(f"{PREFIX}/all", everything, methods=["GET"]),
        *(
            Route(f"{PREFIX}/{category}", _endpoint(current, category), methods=["GET"])
            for category in CATEGORIES
        ),
    ]


def asked(request: Request, category: Category | None) -> Scrape:
    """Return what a request asks for."""
    names = request.query_params.getlist("name[]")
    return Scrape(
        format=choose_format(request.headers.getlist("accept")),
        is_compressed=accepts_gzip(request.headers.getlist("accept-encoding")),
        category=category,
        families=families_named(names) if names else None,
    )


def _endpoint(current: Current, category: Category | None) -> Endpoint:
    async def scrape_endpoint(request: Request) -> Response:
        exposition = await current()
        scrape = asked(request, category)
        body = exposition.kept(scrape)
        if body is None:
            body = await asyncio.to_thread(exposition.answer, scrape)
        headers = {"Content-Type": CONTENT_TYPES[scrape.format], "Vary": "Accept, Accept-Encoding"}
        if scrape.is_compressed:
            headers["Content-Encoding"] = "gzip"
        return Response(body, headers=headers)

    return scrape_endpoint
