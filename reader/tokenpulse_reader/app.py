"""The reader's ASGI app: the only place where its parts are made."""

from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import Final
from uuid import uuid4

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from tokenpulse_reader.exposition.holder import ExpositionHolder
from tokenpulse_reader.exposition.metric import CATEGORIES
from tokenpulse_reader.exposition.request_rate import RequestRate
from tokenpulse_reader.exposition.scrape import Scrape
from tokenpulse_reader.http.access import Access
from tokenpulse_reader.http.auth import BearerAuth
from tokenpulse_reader.http.bounded_sends import BoundedSends
from tokenpulse_reader.http.host_check import HostCheck, answered_names
from tokenpulse_reader.http.kept_answers import AnswerCounts, KeptAnswers
from tokenpulse_reader.http.problems import HANDLERS
from tokenpulse_reader.http.request_limits import RequestLimits
from tokenpulse_reader.http.security_headers import SecurityHeaders
from tokenpulse_reader.live.live import LiveFeed
from tokenpulse_reader.posts.ingest import Ingest
from tokenpulse_reader.routes import (
    breaker_orders,
    business,
    chat_metrics,
    chat_posts,
    export,
    exposition,
    exposition_pages,
    index,
    live,
    monitoring,
    monitoring_fleet,
    monitoring_series,
    monitoring_stats,
    openapi,
    overview,
    probes,
)
from tokenpulse_reader.snapshots.fleet_facts import FleetFacts
from tokenpulse_reader.snapshots.leader import Leadership
from tokenpulse_reader.snapshots.loads import Loads
from tokenpulse_reader.snapshots.score_keeper import ScoreKeeper
from tokenpulse_reader.snapshots.snapshot import SnapshotLoader
from tokenpulse_reader.snapshots.snapshots import Snapshots
from tokenpulse_shared.access_tokens import token_list, tokens_by_category
from tokenpulse_shared.clock import Clock, SystemClock
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.store import MetricsStore

OPEN_WRITES: Final = frozenset((chat_posts.PATH,))
"""What `allow_open_writes` opens."""
SLOW_SECONDS: Final = 30.0
"""How long answers over a day of every model are kept: half a minute moves them by 0.03 %."""
HOT_PATHS: Final[dict[str, bool]] = {
    "/api/monitoring/health": False,
    "/api/monitoring/stats/realtime": False,
    "/api/monitoring/circuit-breakers": False,
    "/health/dashboard": False,
    "/metrics": True,
    **{f"/prometheus/metrics/{name}": True for name in ("all", *CATEGORIES)},
}
"""What is answered from the snapshot alone; whether Accept or Accept-Encoding changes it."""


def create_app(
    settings: Settings,
    *,
    store: MetricsStore | None = None,
    clock: Clock | None = None,
    ingest: Ingest | None = None,
) -> Starlette:
    """Return the app; nothing connects before its first request or lifespan.

    `store`: one of the caller's, who closes it. `clock`: for tests; without it times are Redis' own.
    `ingest`: takes the measurements that clients post, the caller's to close; None: they are answered 501.
    """
    held = store or MetricsStore(settings=settings, clock=clock)
    measured = clock or SystemClock()
    scrapes = ExpositionHolder(measured, Scrape(profile=settings.metrics_profile))
    loads = Loads(settings.snapshot_interval, measured, held.now)
    slow_loads = Loads(max(settings.snapshot_interval, SLOW_SECONDS), measured, held.now)
    rate, answered = RequestRate(), AnswerCounts()
    fleet_facts = FleetFacts(
        held,
        lambda: {"snapshot": snapshots, "windows": loads, "slow_windows": slow_loads, "answers": answered},
        lambda: snapshots.failed_refreshes,
        rate,
    )
    score_keeper = _score_keeper(held, measured)
    load = scrapes.rendering(SnapshotLoader(held, score_keeper).load, fleet_facts.of)
    live_feed = LiveFeed(lambda: snapshots.peek(), token_hex(4))
    snapshots = Snapshots(live_feed.announcing(load), settings.snapshot_interval, measured)
    routes: list[BaseRoute] = [
        *probes.routes(held, snapshots),
        *monitoring.routes(held, snapshots, loads),
        *breaker_orders.routes(held),
        *monitoring_stats.routes(held, snapshots, loads),
        *monitoring_fleet.routes(held, snapshots, loads),
        *monitoring_series.routes(held, loads),
        *export.routes(held),
        *chat_metrics.routes(held, loads),
        *chat_posts.routes(ingest, held),
        *business.routes(held, loads),
        *overview.routes(held, snapshots, slow_loads),
        *exposition.routes(snapshots, scrapes, settings.metrics_profile),
        *exposition_pages.routes(snapshots, scrapes, rate, f"http://{settings.host}:{settings.port}"),
        *live.routes(snapshots, live_feed),
        *openapi.routes(),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        snapshots.start()
        try:
            yield
        finally:
            await snapshots.stop()
            await score_keeper.aclose()
            await loads.stop()
            await slow_loads.stop()
            if store is None:
                await held.aclose()

    def kept_state() -> Hashable | None:
        served = snapshots.peek()
        if served is None or served.is_stale or not snapshots.is_running:
            return None
        return served.value.version, scrapes.current

    app = Starlette(
        routes=[*index.routes(routes), *routes],
        middleware=_layers(settings, kept_state, answered),
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.live = live_feed
    return app


def _layers(
    settings: Settings, kept_state: Callable[[], Hashable | None], answered: AnswerCounts
) -> list[Middleware]:
    """Return what every request passes before routing, outermost first."""
    access = Access(
        token_list(settings.api_token) if settings.api_token else (),
        tokens_by_category(settings.metrics_tokens) if settings.metrics_tokens else {},
        open_writes=OPEN_WRITES if settings.allow_open_writes else (),
    )
    return [
        Middleware(SecurityHeaders),
        Middleware(BoundedSends),
        Middleware(HostCheck, names=answered_names(settings)),
        Middleware(RequestLimits),
        Middleware(BearerAuth, access=access),
        Middleware(KeptAnswers, paths=HOT_PATHS, state=kept_state, counts=answered),
    ]


def _score_keeper(store: MetricsStore, clock: Clock) -> ScoreKeeper:
    settings = store.settings
    leadership = Leadership(store.boards, clock, uuid4().hex, settings.snapshot_interval)
    return ScoreKeeper(store.boards, leadership, settings.health_interval, settings.acceptable_latency)
