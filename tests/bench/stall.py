"""Measure what flushing does to an event loop: a probe wakes every millisecond, how late is noted.

Steady: 300 series, all active between two flushes a second apart, by turns without and with the flush thread. After
an outage: 10,000 series that gathered three requests each are drained while the loop is probed, before that it is
probed without a flush. The heap that was there before is frozen for the garbage collector. Figures are added:
with − without. What other processes took of the processors is taken off (see `lag_probe`), and told in the last
column: the same difference with it. Quick: 2,000 series, shorter probes.
"""

import asyncio
import gc
import time
from collections.abc import Callable
from contextlib import closing
from typing import Final

from tests.bench.lag_probe import LagProbe, Lags
from tests.bench.many_series import ManySeries
from tests.bench.simulated_day import SteppedClock
from tests.bench.table import Figure
from tests.support.redis_server import RedisServer, running_redis
from tokenpulse import Recorder

STEADY_SERIES: Final = (10, 30)
REQUESTS_PER_SLEEP: Final = 1
STEADY_SECONDS: Final = 10.0
ROUNDS: Final = 3
OUTAGE_SERIES: Final = (50, 200)
QUICK_OUTAGE_SERIES: Final = (50, 40)
REQUESTS_PER_SERIES: Final = 3
MOST_RECOVERY_SECONDS: Final = 60.0
MOST_P999_SECONDS: Final = 0.001
MOST_SECONDS: Final = 0.005


def measure_stall(url: str, *, is_quick: bool) -> list[Figure]:
    """Return what was added to the loop's lateness, in a steady state and after an outage."""
    gc.collect()
    gc.freeze()
    try:
        seconds = STEADY_SECONDS / (3 if is_quick else 1)
        with_flush, without = LagProbe(), LagProbe()
        for _ in range(ROUNDS):
            _probe_steady(url, without, seconds, is_flushing=False)
            _probe_steady(url, with_flush, seconds, is_flushing=True)
        figures = _figures("steady", with_flush, without)
        return figures + _measure_recovery(QUICK_OUTAGE_SERIES if is_quick else OUTAGE_SERIES)
    finally:
        gc.unfreeze()


def _probe_steady(url: str, probe: LagProbe, seconds: float, *, is_flushing: bool) -> None:
    traffic = ManySeries(*STEADY_SERIES)
    with closing(Recorder(url, flush_interval=1.0)) as recorder:
        if is_flushing:
            recorder.ensure_started()
        else:
            recorder._started = True  # records do not start the thread
        work: Callable[[], None] = lambda: traffic.observe(recorder, REQUESTS_PER_SLEEP)  # noqa: E731
        asyncio.run(probe.run(seconds, work, lambda: False))


def _measure_recovery(series: tuple[int, int]) -> list[Figure]:
    with running_redis(is_durable=False) as server:
        clock = SteppedClock(time.time())
        with closing(Recorder(server.url, clock=clock, flush_interval=1.0)) as recorder:
            recorder._started = True
            count = _gather(recorder, server, clock, ManySeries(*series))
            with_flush, without = LagProbe(), LagProbe()
            asyncio.run(without.run(STEADY_SECONDS, _nothing, lambda: False))
            server.start()
            recorder._flusher.start()
            begin = time.perf_counter()
            is_drained = lambda: recorder._pipeline.writer.flushed_observations == count  # noqa: E731
            asyncio.run(with_flush.run(MOST_RECOVERY_SECONDS, _nothing, is_drained))
            seconds = time.perf_counter() - begin
    drained = Figure(f"draining {series[0] * series[1]:,} series, probed", f"{seconds:.1f} s")
    return [*_figures("recovery", with_flush, without), drained]


def _gather(recorder: Recorder, server: RedisServer, clock: SteppedClock, traffic: ManySeries) -> int:
    """Have the recorder gather while Redis is away; return how many requests."""
    server.kill()
    for _ in range(REQUESTS_PER_SERIES):
        for _ in range(0, traffic.series, 1000):
            traffic.observe(recorder, 1000)
            clock.now += 60_000 / traffic.series
            recorder.flush()
    return traffic.made


def _nothing() -> None:
    """Do no work between two sleeps."""


def _figures(name: str, with_flush: LagProbe, without: LagProbe) -> list[Figure]:
    net = [Lags.of(probe.net) for probe in (with_flush, without)]
    raw = [Lags.of(probe.raw) for probe in (with_flush, without)]
    targets = {"p999": MOST_P999_SECONDS, "most": MOST_SECONDS}
    names = {"median": "median", "p99": "p99", "p999": "p99.9", "most": "max"}
    figures = []
    for field, label in names.items():
        added = getattr(net[0], field) - getattr(net[1], field)
        added_raw = getattr(raw[0], field) - getattr(raw[1], field)
        most = targets.get(field)
        figures.append(
            Figure(
                f"{name}: {label} added (without: {getattr(net[1], field) * 1e3:.2f} ms)",
                f"{added * 1e3:.2f} ms",
                f"{added_raw * 1e3:.2f} ms",
                None if most is None else f"≤ {most * 1e3:g} ms",
                None if most is None else added <= most,
            )
        )
    return figures
