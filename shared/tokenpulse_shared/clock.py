"""The two clocks everything is measured by."""

import time
from typing import Protocol


class Clock(Protocol):
    """Give monotonic seconds for durations, epoch seconds for buckets."""

    def monotonic(self) -> float:
        """Return seconds that never go back; their zero means nothing."""

    def time(self) -> float:
        """Return seconds since the Unix epoch, UTC."""


class SystemClock:
    """Read the machine's clocks.

    `monotonic` is `time.perf_counter`: on the platforms CPython supports it is monotonic, system-wide
    within a process, and finer than `time.monotonic` on Windows.
    """

    monotonic = staticmethod(time.perf_counter)
    time = staticmethod(time.time)
