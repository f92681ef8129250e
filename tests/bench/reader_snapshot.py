"""Measure what the reader's snapshot costs: processor time, the event loop's lateness, round trips to Redis.

Traffic of 300 models (10 providers with 30 each, 4 requests a minute each) over the last 12 minutes lies in Redis, what
is over is packed; the windows of the current minute are open. A snapshot is health, the last hour, breakers, every
counter. Once a minute it also reads the last day; that one is told apart. Processor time is the whole process's, all
threads. For the lateness the whole app runs, exposition and live feed with it, with a refresh every half second, while
a probe wakes every millisecond (see `lag_probe`), by turns without the app, which stands beside. Round trips are
counted by a proxy that stands between: a client that speaks after it was answered. Scrapes: 1,000 requests at the same
time to a reader that has no snapshot, which must load one, once, for all. --quick: 100 models, fewer refreshes.
"""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Final

from tests.bench.lag_probe import LagProbe, Lags
from tests.bench.reader_traffic import feed
from tests.bench.reader_trips import measure_trips
from tests.bench.table import Figure
from tests.support.redis_server import running_redis
from tokenpulse_reader.app import create_app
from tokenpulse_reader.collector import calm_collector
from tokenpulse_reader.snapshots.leader import Leadership
from tokenpulse_reader.snapshots.score_keeper import ScoreKeeper
from tokenpulse_reader.snapshots.snapshot import SnapshotLoader
from tokenpulse_shared.clock import SystemClock
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.windows.timespan import minutes_span

PROVIDERS: Final = 10
MODELS_EACH: Final = 30
QUICK_MODELS_EACH: Final = 10
MINUTES: Final = 12
REFRESHES: Final = 20
QUICK_REFRESHES: Final = 8
REFRESH_SECONDS: Final = 0.5
ROUNDS: Final = 3
"""One pause by another tenant of the machine is not the reader's."""
MANY_PROVIDERS: Final = 30
MOST_CPU_SECONDS: Final = 0.150
MOST_LATE_SECONDS: Final = 0.005


def measure_reader_snapshot(url: str, *, is_quick: bool) -> list[Figure]:
    """Return processor time, lateness, round trips, loads."""
    models_each = QUICK_MODELS_EACH if is_quick else MODELS_EACH
    feed(url, PROVIDERS, models_each, MINUTES)
    refreshes = QUICK_REFRESHES if is_quick else REFRESHES
    figures = asyncio.run(_measured(url, PROVIDERS * models_each, refreshes))
    with running_redis(is_durable=False) as server:
        feed(server.url, MANY_PROVIDERS, 1, 2)
        return [*figures, *asyncio.run(measure_trips(server.url))]


async def _measured(url: str, models: int, refreshes: int) -> list[Figure]:
    settings = Settings.load({}, redis_url=url, snapshot_interval=REFRESH_SECONDS)
    async with MetricsStore(settings=settings) as store:
        leadership = Leadership(store.boards, SystemClock(), "bench", settings.snapshot_interval)
        scores = ScoreKeeper(store.boards, leadership, settings.health_interval, settings.acceptable_latency)
        load = SnapshotLoader(store, scores).load
        await load()
        usual = await _cost(load, refreshes)
        with_day = await _cost(
            lambda: SnapshotLoader(store, scores).load(), 5
        )  # a new one has none from before
        wanted, now = await store.series.known(), await store.now()
        span = minutes_span(now, 5)
        windows = await _cost(lambda: store.series.totals(wanted, span, ("latency", "ttft")), 5)
    quiet, busy = await _lateness(settings, refreshes * REFRESH_SECONDS)
    target = f"≤ {MOST_CPU_SECONDS * 1e3:.0f} ms"
    return [
        _figure(f"a snapshot of {models} active models, processor", usual, target, MOST_CPU_SECONDS),
        _figure("the one a minute that reads the last day too", with_day, target, MOST_CPU_SECONDS),
        _figure(f"5 minutes of each of {models} models, latency and TTFT", windows, target, MOST_CPU_SECONDS),
        Figure(
            "the loop's lateness beside the app, p99.9",
            f"{busy.p999 * 1e3:.2f} ms",
            f"{quiet.p999 * 1e3:.2f} ms without",
        ),
        Figure(
            f"the loop's lateness beside the app, greatest of a round, median of {ROUNDS}",
            f"{busy.most * 1e3:.2f} ms",
            f"{quiet.most * 1e3:.2f} ms without",
            f"≤ {MOST_LATE_SECONDS * 1e3:g} ms",
            busy.most <= MOST_LATE_SECONDS,
        ),
    ]


async def _cost(work: Callable[[], Awaitable[object]], times: int) -> float:
    """Return the median of the processor seconds."""
    seconds = []
    for _ in range(times):
        begin = time.process_time()
        await work()
        seconds.append(time.process_time() - begin)
    return sorted(seconds)[times // 2]


class Lateness:
    """Hold how late a loop woke in each of some rounds."""

    def __init__(self) -> None:
        self._rounds: list[Lags] = []

    async def probe(self, seconds: float) -> None:
        """Probe for one round."""
        probe = LagProbe()
        await probe.run(seconds, _nothing, lambda: False)
        self._rounds.append(Lags.of(probe.net))

    @property
    def p999(self) -> float:
        """Return the median of the rounds' 99.9th percentiles, seconds."""
        return median(lags.p999 for lags in self._rounds)

    @property
    def most(self) -> float:
        """Return the median of the rounds' greatest, seconds."""
        return median(lags.most for lags in self._rounds)


async def _lateness(settings: Settings, seconds: float) -> tuple[Lateness, Lateness]:
    """Return how late the loop woke without the app, then beside it, by turns."""
    usual = gc.get_threshold()
    calm_collector()  # as `tokenpulse reader` does; what the bench itself holds is no part of a reader's heap
    quiet, busy = Lateness(), Lateness()
    for _ in range(ROUNDS):
        await quiet.probe(seconds)
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            await asyncio.sleep(2 * REFRESH_SECONDS)
            await busy.probe(seconds)
    gc.unfreeze()
    gc.set_threshold(*usual)
    return quiet, busy


def _nothing() -> None:
    """Do no work between two sleeps."""


def _figure(what: str, seconds: float, target: str | None = None, most: float | None = None) -> Figure:
    is_met = None if most is None else seconds <= most
    return Figure(what, f"{seconds * 1e3:.1f} ms", "", target, is_met)
