"""Reckon what a fleet asks of Redis when it comes back: all writers lost it at the same moment.

Method: what a flush costs the server is measured with one recorder and 300 series of ten providers, all active: by
the server's own count of commands and of CPU, for a flush a second, and for all that a minute without Redis (of a
clock moved on by hand) left waiting. When writers try is simulated: 10,000 flushers of the real code, spread over a
second, meet half a minute without Redis; their pauses are drawn as always. Told is the busiest second after the
return over one before the outage: flushes × their cost. Quick: 1,000 writers.
"""

import logging
import time
from collections import Counter
from contextlib import closing
from typing import Final, NamedTuple

from tests.bench.many_series import ManySeries
from tests.bench.simulated_day import SteppedClock
from tests.bench.table import Figure
from tests.support.fleet import INTERVAL_SECONDS, Attempt, simulate_outage
from tests.support.redis_server import RedisServer, running_redis
from tokenpulse import Recorder

SERIES: Final = (10, 30)
FLUSHES: Final = 20
AWAY_SECONDS: Final = 60
WRITERS: Final = 10_000
QUICK_WRITERS: Final = 1_000
AWAY_FROM: Final = 10
AWAY_UNTIL: Final = 40
ENDS_AT: Final = 50
MOST_TIMES: Final = 2.0


class Cost(NamedTuple):
    """Hold what a flush costs the server: commands, scripts' own included, CPU seconds."""

    commands: float
    cpu_seconds: float


def measure_recovery(*, is_quick: bool) -> list[Figure]:
    """Return what flushes cost, and the load of the busiest second over a steady one."""
    steady, first = _measure_costs()
    logging.disable(logging.WARNING)
    try:
        writers = QUICK_WRITERS if is_quick else WRITERS
        attempts = simulate_outage(
            writers,
            away_from=AWAY_FROM,
            away_until=AWAY_UNTIL,
            ends_at=ENDS_AT,
            spread_seconds=INTERVAL_SECONDS,
        )
    finally:
        logging.disable(logging.NOTSET)
    waited = max(attempt.at - AWAY_UNTIL for attempt in attempts if attempt.is_first)
    figures = [
        _figure_of_costs("a steady flush", steady),
        _figure_of_costs("what waited through the outage", first),
        Figure(f"the last of {writers:,} writers is back after", f"{waited:.1f} s"),
    ]
    for what, of_steady, of_first in (
        ("commands", steady.commands, first.commands),
        ("CPU", steady.cpu_seconds, first.cpu_seconds),
    ):
        times = _busiest(attempts, of_first / of_steady) / writers
        target = f"≤ × {MOST_TIMES:g}"
        name = f"busiest second after the return over a steady one: {what}"
        figures.append(Figure(name, f"× {times:.2f}", "", target, times <= MOST_TIMES))
    return figures


def _busiest(attempts: list[Attempt], cost_of_first: float) -> float:
    """Return the cost of the busiest second after the return; a steady flush costs 1."""
    by_second: Counter[int] = Counter()
    for attempt in attempts:
        if attempt.is_served and attempt.at >= AWAY_UNTIL:
            by_second[int(attempt.at)] += cost_of_first if attempt.is_first else 1
    return max(by_second.values())


def _figure_of_costs(name: str, cost: Cost) -> Figure:
    return Figure(name, f"{cost.commands:,.0f} commands, {cost.cpu_seconds * 1e3:.1f} ms of CPU")


def _measure_costs() -> tuple[Cost, Cost]:
    clock = SteppedClock(time.time() // 3600 * 3600 + 600)  # no hour turns, no window is over
    with running_redis(is_durable=False) as server:
        recorder = Recorder(server.url, clock=clock, flush_interval=1.0)
        with closing(recorder):
            recorder._started = True  # records do not start the thread
            traffic = ManySeries(*SERIES)
            for _ in range(3):
                _pass_second(recorder, traffic, clock)
            before = _spent(server)
            for _ in range(FLUSHES):
                _pass_second(recorder, traffic, clock)
            spent = _less(_spent(server), before)
            with server.client() as client:
                client.save()
            server.kill()
            for _ in range(AWAY_SECONDS):
                _pass_second(recorder, traffic, clock)
            server.start()
            before = _spent(server)
            while not recorder.flush():  # in as many flushes as it takes
                pass
            first = _less(_spent(server), before)
    return Cost(spent.commands / FLUSHES, spent.cpu_seconds / FLUSHES), first


def _pass_second(recorder: Recorder, traffic: ManySeries, clock: SteppedClock) -> None:
    traffic.observe(recorder, traffic.series)
    clock.now += 1
    recorder.flush()


def _spent(server: RedisServer) -> Cost:
    """Return what the server has spent so far."""
    with server.client() as client:
        calls: dict[str, dict[str, float]] = client.info("commandstats")
        cpu: dict[str, float] = client.info("cpu")
    commands = sum(told["calls"] for name, told in calls.items() if name != "cmdstat_info")
    return Cost(commands, cpu["used_cpu_user"] + cpu["used_cpu_sys"])


def _less(after: Cost, before: Cost) -> Cost:
    return Cost(after.commands - before.commands, after.cpu_seconds - before.cpu_seconds)
