"""Recorders of hosts whose clocks are skewed or set, and the windows that they write."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, cast

import pytest
import redis

from tests.support.written import KEYS
from tokenpulse.recorder import Recorder
from tokenpulse_shared.clock import Clock
from tokenpulse_shared.keyspace import stamp

EDGE: Final = 1_798_761_600.0
"""2027-01-01 00:00:00 UTC: the edge of a minute, an hour, a day."""
NOON: Final = EDGE + 43_200.0 + 30.0
"""Within a minute."""
SKEWS: Final = (-300.0, 0.0, 300.0)

Windows = dict[str, int]
MakeFollower = Callable[..., Recorder]


class SkewedClock:
    """Run with the machine's clocks, its time of day off by so many seconds."""

    monotonic = staticmethod(time.perf_counter)

    def __init__(self, skew_seconds: float) -> None:
        self._skew_seconds = skew_seconds

    def time(self) -> float:
        """Return the time of day as this host has it."""
        return time.time() + self._skew_seconds


@contextmanager
def followers(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeFollower]:
    """Give a maker of recorders, called with a URL and the clock of their host: Redis's time corrects it."""
    with ExitStack() as stack:

        def make(url: str, clock: Clock, *, has_thread: bool = False) -> Recorder:
            monkeypatch.setattr("tokenpulse.recorder.SystemClock", lambda: clock)
            recorder = Recorder(url, flush_interval=0.05)
            recorder._started = not has_thread
            stack.callback(recorder.close)
            return recorder

        yield make


def model_windows(client: redis.Redis, model: str = "m") -> Windows:
    """Return the requests of a model of `p` by the stamp of each of its windows: minutes, hours, days."""
    prefix = KEYS.counters("p", model, "")
    keys = [key.decode() for key in cast("list[bytes]", list(client.scan_iter(f"{prefix}*")))]
    return {key.removeprefix(prefix): int(client.hget(key, "total_requests") or 0) for key in keys}


def expected_windows(counts: dict[float, int]) -> Windows:
    """Return the windows that so many requests at these moments make."""
    windows: Counter[str] = Counter()
    for moment, requests in counts.items():
        for granularity in ("minute", "hour", "day"):
            windows[stamp(granularity, moment)] += requests
    return dict(windows)
