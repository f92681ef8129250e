"""Drive the reader's app in this process, with its lifespan, without a socket."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx

from tokenpulse_reader.app import create_app
from tokenpulse_reader.posts.ingest import Ingest
from tokenpulse_shared.clock import Clock
from tokenpulse_shared.settings import Settings


@asynccontextmanager
async def reader_client(
    redis_url: str,
    *,
    clock: Clock | None = None,
    headers: Mapping[str, str] | None = None,
    ingest: Ingest | None = None,
    **given: object,
) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a running reader; `given` are settings."""
    app = create_app(Settings.load({}, redis_url=redis_url, **given), clock=clock, ingest=ingest)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client,
    ):
        yield client
