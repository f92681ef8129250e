"""Measure an hour without Redis: by how much memory grows, how soon all of it is in Redis once that is back.

Method: in a process of its own. 10,000 series (50 providers with 200 models each) get requests in turn, 1,000 in
each second of a clock that is moved on by hand, so that the hour takes minutes; a flush is tried in each of these
seconds. After twenty of them the server is killed; the hour begins 20 minutes before the hour of the clock turns.
Growth is that of the resident set (Linux) since then, the mean of a minute. Then the server is started again with
what it held, and the recorder's own thread drains: from the server's first answer until it has acknowledged
everything, the pause that the thread was in included. At the end the server's totals are compared with what was made.
Quick: 2,000 series with 200 requests a second, 15 minutes.
"""

import gc
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from typing import Final, NamedTuple

from tests.bench.many_series import ManySeries
from tests.bench.simulated_day import SteppedClock
from tests.bench.table import Figure
from tests.support.ledger import load_request_count
from tests.support.redis_server import RedisServer, running_redis
from tokenpulse import Recorder

HOUR: Final = 1_700_002_800.0
"""Start of an hour, epoch seconds."""
SECONDS_BEFORE: Final = 20
FLAT_FROM_MINUTE: Final = 10
MOST_GROWTH: Final = 64e6
MOST_GROWTH_LATER: Final = 1e6
MOST_DRAIN_SECONDS: Final = 5.0
LONGEST_DRAIN_SECONDS: Final = 60.0


class Size(NamedTuple):
    """Say how much traffic, how long an outage: providers, models of each, requests a second, minutes."""

    providers: int
    models: int
    requests: int
    minutes: int


FULL: Final = Size(50, 200, 1000, 60)
QUICK: Final = Size(10, 200, 200, 15)


class Outage(NamedTuple):
    """Hold what was seen: growth in bytes by minute, CPU seconds a minute, seconds to drain, requests."""

    growth: list[float]
    cpu_seconds: float
    drain_seconds: float
    made: int
    counted: int


def measure_outage(*, is_quick: bool) -> list[Figure]:
    """Return growth, whether it ends, the time to drain."""
    size = QUICK if is_quick else FULL
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return _figures(size, pool.submit(_go_through, size).result())


def _go_through(size: Size) -> Outage:
    with running_redis(is_durable=False) as server:
        clock = SteppedClock(HOUR - 1200 - SECONDS_BEFORE)
        with closing(Recorder(server.url, clock=clock, flush_interval=1.0)) as recorder:
            recorder._started = True  # records do not start the thread
            traffic = ManySeries(size.providers, size.models)
            for _ in range(SECONDS_BEFORE):
                _pass_second(recorder, traffic, clock, size.requests)
            with server.client() as client:
                client.save()
            server.kill()
            gc.collect()
            before, cpu = _resident_bytes(), time.process_time()
            growth = [
                _pass_minute(recorder, traffic, clock, size.requests) - before for _ in range(size.minutes)
            ]
            cpu_seconds = (time.process_time() - cpu) / size.minutes
            seconds = _drain(recorder, server, traffic.made)
        with server.client() as client:
            return Outage(growth, cpu_seconds, seconds, traffic.made, load_request_count(client))


def _pass_minute(recorder: Recorder, traffic: ManySeries, clock: SteppedClock, requests: int) -> float:
    """Return the resident set's mean."""
    held: list[int] = []
    for _ in range(60):
        _pass_second(recorder, traffic, clock, requests)
        held.append(_resident_bytes())
    return mean(held)


def _pass_second(recorder: Recorder, traffic: ManySeries, clock: SteppedClock, requests: int) -> None:
    traffic.observe(recorder, requests)
    clock.now += 1
    recorder.flush()


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _drain(recorder: Recorder, server: RedisServer, made: int) -> float:
    """Return the seconds from the server's return until it has everything.

    Raises:
        RuntimeError: that took too long.
    """
    server.start()
    begin = time.perf_counter()
    recorder._flusher.start()
    while recorder._pipeline.writer.flushed_observations < made:
        if time.perf_counter() - begin > LONGEST_DRAIN_SECONDS:
            raise RuntimeError(f"not drained within {LONGEST_DRAIN_SECONDS:g} s")
        time.sleep(0.005)
    return time.perf_counter() - begin


def _figures(size: Size, seen: Outage) -> list[Figure]:
    early, late = seen.growth[FLAT_FROM_MINUTE - 1], max(seen.growth[FLAT_FROM_MINUTE:])
    most = max(seen.growth)
    lost = seen.made - seen.counted
    minutes = f"{size.minutes} minutes, {size.providers * size.models:,} series"
    return [
        Figure(f"growth, {minutes}", *_megabytes(most, MOST_GROWTH)),
        _later_growth(late - early, is_judged=size == FULL),
        Figure("CPU of a minute, traffic's own included", f"{seen.cpu_seconds:.1f} s"),
        Figure(
            "until all is in Redis again",
            f"{seen.drain_seconds:.1f} s",
            "",
            f"≤ {MOST_DRAIN_SECONDS:g} s",
            seen.drain_seconds <= MOST_DRAIN_SECONDS,
        ),
        Figure(f"requests lost of {seen.made:,}", f"{lost:,}", "", "0", lost == 0),
    ]


def _later_growth(growth: float, *, is_judged: bool) -> Figure:
    """Judge it only where the bound of what waits is reached within the first minutes."""
    value, noise, target, is_met = _megabytes(growth, MOST_GROWTH_LATER)
    name = f"growth after {FLAT_FROM_MINUTE} minutes"
    return Figure(name, value, noise, target, is_met) if is_judged else Figure(name, value)


def _megabytes(value: float, most: float) -> tuple[str, str, str, bool]:
    return f"{value / 1e6:.1f} MB", "", f"≤ {most / 1e6:g} MB", value <= most
