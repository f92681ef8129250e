"""Kill recording workers with SIGKILL, round after round: `python -m tests.support.spill_rounds <rounds> <workers>`.

The workers of a round are forked from this process, share one spill directory, and find there what those of the
round before left behind. Each has a model of its own, so that its sums tell what became of it. Settings come from
the environment. The last line printed is JSON: model → [calls begun, calls ended], as of its worker's death.
"""

import mmap
import os
import random
import signal
import struct
import sys
import time
from typing import Final

import orjson

from tokenpulse import Recorder
from tokenpulse.sink import HttpExchange

MOST_SECONDS: Final = 0.15
_COUNTS: Final = struct.Struct("<qq")


class Tally:
    """Keep a worker's counts where they outlive it."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _COUNTS.size)

    def begin(self, number: int) -> None:
        """Note that a call begins."""
        self._memory[:8] = number.to_bytes(8, "little")

    def end(self, number: int) -> None:
        """Note that a call has ended."""
        self._memory[8:] = number.to_bytes(8, "little")

    def read(self) -> tuple[int, int]:
        """Return the calls begun, the calls ended."""
        begun, ended = _COUNTS.unpack(self._memory[:])
        return begun, ended


def work(model: str, tally: Tally) -> None:
    """Record until killed: the call of number n has n input tokens."""
    recorder, number, pause = Recorder(), 0, random.choice((0.0, 0.0001, 0.001))
    while True:
        number += 1
        tally.begin(number)
        recorder.record(
            provider=f"p{number % 3}", model=model, tokens_input=number, latency_ms=1.0, gateway="gw"
        )
        recorder.count_http(HttpExchange("GET", f"/{model}", 200, 0.01, 1, 1, None))
        tally.end(number)
        if pause:
            time.sleep(pause)


def fork_worker(model: str, tally: Tally) -> int:
    """Return the number of a new process that works."""
    child = os.fork()
    if child == 0:
        try:
            work(model, tally)
        finally:  # an exception must not go on in a copy of this program
            os._exit(1)
    return child


def run_round(number: int, workers: int) -> dict[str, tuple[int, int]]:
    """Start workers, kill each at a moment of its own; return what they recorded."""
    tallies = {f"r{number}w{worker}": Tally() for worker in range(workers)}
    children = [fork_worker(model, tally) for model, tally in tallies.items()]
    moments = sorted(random.uniform(0.002, MOST_SECONDS) for _ in children)
    began = time.monotonic()
    for child, moment in zip(children, moments, strict=True):
        time.sleep(max(0.0, began + moment - time.monotonic()))
        os.kill(child, signal.SIGKILL)
    for child in children:
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    return {model: tally.read() for model, tally in tallies.items()}


def main(rounds: int, workers: int) -> None:
    """Run all rounds, then print what was recorded."""
    random.seed(os.environ.get("SPILL_SEED"))
    told: dict[str, tuple[int, int]] = {}
    for number in range(rounds):
        told |= run_round(number, workers)
    print(orjson.dumps(told).decode(), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
