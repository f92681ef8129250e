"""Run writers against a deployment that everything happens to."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from tests.chaos.network import NetworkTrouble
from tests.chaos.stage import Stage
from tests.chaos.verdict import Verdict, judge
from tests.chaos.writers import Writer, merged
from tests.support.processes import wait_until
from tokenpulse_shared.store import MetricsStore

DRAIN_SECONDS: Final = 30.0
WELL_SECONDS: Final = 40.0
LONGEST_CALM_SECONDS: Final = 1.5
"""Between two disasters, beyond what it takes the deployment to be well again."""
CALM_SECONDS: Final = 2.5
"""Longer than it takes to notice that a master is silent, and to replace it."""
SAY_SECONDS: Final = 5.0


@dataclass(slots=True)
class Report:
    """Hold what happened, by kind, and how it ended."""

    happened: Counter[str] = field(default_factory=Counter)
    writers: Counter[str] = field(default_factory=Counter)
    """The writers' own counters, added up."""
    verdict: Verdict | None = None


async def run_chaos(
    stage: Stage,
    *,
    seconds: float,
    writers: int,
    seed: int,
    disasters: Sequence[str] | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Report:
    """Break the deployment and the ways to it for so long; return what the writers' ledgers say afterwards.

    disasters: the names of those that happen, each once before any happens again; None: all.
    """
    chance, report = Random(seed), Report()
    crew = [Writer(stage.url, seed * 1000 + number) for number in range(writers)]
    for writer in crew:
        writer.start()
    deadline, said = time.monotonic() + seconds, time.monotonic()
    with NetworkTrouble(stage.proxies, Random(seed)) as trouble:
        for name in _shuffled(tuple(stage.disasters) if disasters is None else disasters, chance):
            time.sleep(chance.random() * LONGEST_CALM_SECONDS)
            if time.monotonic() >= deadline:
                break
            stage.disasters[name](chance)
            report.happened[name] += 1
            wait_until(
                stage.is_well, f"the deployment to be well after {name}", deadline_seconds=WELL_SECONDS
            )
            if time.monotonic() - said > SAY_SECONDS:
                said = time.monotonic()
                say(
                    f"{deadline - said:.0f} s left, {sum((report.happened + trouble.happened).values())} faults"
                )
        time.sleep(max(0.0, deadline - time.monotonic()))
    report.happened += trouble.happened
    _await_calm(stage)
    for writer in crew:
        writer.stop()
    _drain(crew)
    for writer in crew:
        report.writers.update(writer.recorder.stats()["counts"])
        writer.recorder.close()
    async with MetricsStore(stage.url) as store:
        report.verdict = await judge(
            store,
            merged([writer.book for writer in crew]),
            report.writers["unrecoverable_observations"],
        )
    return report


def _await_calm(stage: Stage) -> None:
    """Wait until no failover is under way: one after the last batch would take what nobody is there to replay."""
    since = time.monotonic()
    while time.monotonic() - since < CALM_SECONDS:
        if not stage.is_well():
            since = time.monotonic()
        time.sleep(0.1)


def _shuffled(names: Sequence[str], chance: Random) -> Iterator[str]:
    """Yield the names for ever, each once a round; nothing where there are none."""
    while names:
        yield from chance.sample(names, k=len(names))


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
