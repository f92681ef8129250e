"""The reader's ASGI app: the only place where its parts are made."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from tokenpulse_reader.auth import BearerAuth
from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.holder import ExpositionHolder
from tokenpulse_reader.loads import Loads
from tokenpulse_reader.problems import HANDLERS
from tokenpulse_reader.routes import chat_metrics, exposition, index, monitoring, monitoring_stats, probes
from tokenpulse_reader.security_headers import SecurityHeaders
from tokenpulse_reader.snapshot import Snapshot, SnapshotLoader
from tokenpulse_reader.snapshots import Snapshots
from tokenpulse_shared.clock import Clock, SystemClock
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.store import MetricsStore


def create_app(
    settings: Settings, *, store: MetricsStore | None = None, clock: Clock | None = None
) -> Starlette:
    """Return the app; nothing connects before its first request or lifespan.

    `store`: one of the caller's, who closes it. `clock`: for tests; without it times are Redis' own.
    """
    held = store or MetricsStore(settings=settings, clock=clock)
    measured = clock or SystemClock()
    scrapes = ExpositionHolder(measured)
    load = scrapes.rendering(SnapshotLoader(held).load, _facts_of)
    snapshots = Snapshots(load, settings.snapshot_interval, measured)
    loads = Loads(settings.snapshot_interval, measured, held.now)
    routes: list[BaseRoute] = [
        *probes.routes(held, snapshots),
        *monitoring.routes(held, snapshots, loads),
        *monitoring_stats.routes(held, snapshots, loads),
        *chat_metrics.routes(held, loads),
        *exposition.routes(snapshots, scrapes),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        snapshots.start()
        try:
            yield
        finally:
            await snapshots.stop()
            await loads.stop()
            if store is None:
                await held.aclose()

    middleware = [Middleware(SecurityHeaders)]
    if settings.api_token:
        middleware.append(Middleware(BearerAuth, token=settings.api_token))
    app = Starlette(
        routes=[*index.routes(routes), *routes],
        middleware=middleware,
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def _facts_of(snapshot: Snapshot) -> Facts:
    return Facts.of(snapshot.totals, snapshot.health.values(), snapshot.circuits, snapshot.last_day)
