"""Run writers against a Redis that everything happens to."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.chaos.disasters import DISASTERS
from tests.chaos.verdict import Verdict, judge
from tests.chaos.writers import Writer, merged
from tests.support.chaos_proxy import FAULTS, ChaosProxy
from tests.support.redis_server import RedisServer
from tokenpulse_shared.store import MetricsStore

BLACKHOLE_SECONDS: Final = 1.5
DRAIN_SECONDS: Final = 30.0
FAULT_PAUSE_SECONDS: Final = 0.15


@dataclass(slots=True)
class Report:
    """Hold what happened, by kind, and how it ended."""

    happened: Counter[str] = field(default_factory=Counter)
    writers: Counter[str] = field(default_factory=Counter)
    """The writers' own counters, added up."""
    verdict: Verdict | None = None


async def run_chaos(
    server: RedisServer,
    *,
    seconds: float,
    writers: int,
    seed: int,
    disasters: tuple[str, ...] = tuple(DISASTERS),
    say: Callable[[str], None] = lambda line: None,
) -> Report:
    """Break the server and the way to it for so long; return what the writers' ledgers say afterwards.

    disasters: the names of those that happen to the server; the network's faults always do.
    """
    chance, report = random.Random(seed), Report()
    with ChaosProxy(server.port) as proxy:
        crew = [Writer(proxy.url, seed * 1000 + number) for number in range(writers)]
        for writer in crew:
            writer.start()
        deadline, said = time.monotonic() + seconds, time.monotonic()
        while time.monotonic() < deadline:
            _break_something(chance, proxy, server, disasters, report.happened)
            time.sleep(FAULT_PAUSE_SECONDS)
            if time.monotonic() - said > 5:
                said = time.monotonic()
                say(f"{deadline - said:.0f} s left, {sum((report.happened + proxy.done).values())} faults")
        proxy.break_next(None)
        for writer in crew:
            writer.stop()
        _drain(crew)
        report.happened += proxy.done
    for writer in crew:
        report.writers.update(writer.recorder.stats()["counts"])
        writer.recorder.close()
    async with MetricsStore(server.url) as store:
        report.verdict = await judge(
            store,
            merged([writer.book for writer in crew]),
            report.writers["unrecoverable_observations"],
        )
    return report


def _break_something(
    chance: random.Random,
    proxy: ChaosProxy,
    server: RedisServer,
    disasters: tuple[str, ...],
    happened: Counter[str],
) -> None:
    dice = chance.random()
    if disasters and dice < 0.12:
        name = chance.choice(disasters)
        DISASTERS[name](server)
        happened[name] += 1
    elif dice < 0.15:
        proxy.is_blackhole.set()
        time.sleep(BLACKHOLE_SECONDS)
        proxy.is_blackhole.clear()
        happened["blackhole"] += 1
    else:
        proxy.break_next(chance.choice(FAULTS))


def _drain(crew: list[Writer]) -> None:
    """Flush every writer until nothing waits.

    Raises:
        TimeoutError: something still waits, though Redis is well.
    """
    deadline = time.monotonic() + DRAIN_SECONDS
    for writer in crew:
        while not (writer.recorder.flush() and writer.recorder.flush()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"a writer did not drain: {writer.recorder.stats()}")
            time.sleep(0.05)
