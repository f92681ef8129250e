"""Measure how late an event loop wakes: a task sleeps for a millisecond, again and again.

What other processes of the machine took is told apart: Linux counts for each thread how long it could have run
but was not given a processor (`/proc/<pid>/task/<thread>/schedstat`, second number). That time, of all of this
process's threads during one sleep, is taken off; what is left is what the process did to itself. Elsewhere nothing is
taken off.
"""

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple, Self

PAUSE_SECONDS: Final = 0.001


class Lags(NamedTuple):
    """Hold how late the loop woke, in seconds: at quantiles, at most."""

    median: float
    p99: float
    p999: float
    most: float

    @classmethod
    def of(cls, values: list[float]) -> Self:
        """Return those of at least one value."""
        ordered = sorted(values)
        median, p99, p999 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99, 0.999))
        return cls(median, p99, p999, ordered[-1])


class LagProbe:
    """Probe the loop it runs in; `raw` and `net` are seconds, of each sleep: as seen, without others' share."""

    def __init__(self) -> None:
        self.raw: list[float] = []
        self.net: list[float] = []
        self._files: dict[int, int] = {}

    async def run(self, seconds: float, work: Callable[[], None], is_over: Callable[[], bool]) -> None:
        """Probe for so long, or until `is_over`; `work` is called after each sleep, outside of what is measured."""
        ends_at = time.perf_counter() + seconds
        try:
            while time.perf_counter() < ends_at and not is_over():
                waited, begin = self._run_queue_seconds(), time.perf_counter()
                await asyncio.sleep(PAUSE_SECONDS)
                late = time.perf_counter() - begin - PAUSE_SECONDS
                self.raw.append(late)
                self.net.append(max(0.0, late - (self._run_queue_seconds() - waited)))
                work()
        finally:
            for file in self._files.values():
                os.close(file)
            self._files.clear()

    def _run_queue_seconds(self) -> float:
        """Return how long this process's threads have waited for a processor."""
        for thread in threading.enumerate():
            if thread.native_id is not None and thread.native_id not in self._files:
                with contextlib.suppress(OSError):
                    path = f"/proc/self/task/{thread.native_id}/schedstat"
                    self._files[thread.native_id] = os.open(path, os.O_RDONLY)
        total = 0
        for native_id, file in list(self._files.items()):
            try:
                total += int(os.pread(file, 100, 0).split()[1])
            except OSError:  # the thread has ended
                os.close(self._files.pop(native_id))
        return total / 1e9
