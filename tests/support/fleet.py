"""Simulate a fleet of writers that lose Redis at the same moment: real flushers, on a clock that jumps."""

import heapq
import random
import threading
from typing import Final, NamedTuple

import redis

from tests.support.clock import FakeClock
from tokenpulse.flushing.flush import Flusher
from tokenpulse.guard import Guard

INTERVAL_SECONDS: Final = 1.0


class Attempt(NamedTuple):
    """Say when a writer tried to flush, whether Redis was there, whether it was away the time before."""

    at: float
    is_served: bool
    is_first: bool


class _Server:
    def __init__(self) -> None:
        self.is_up = True


class _Pipeline:
    """Stand where a writer's pipeline stands: fail while the server is away."""

    was_cut_short = False

    def __init__(self, server: _Server) -> None:
        self.lock = threading.Lock()
        self._server = server

    def flush(self) -> bool:
        if not self._server.is_up:
            raise redis.ConnectionError("away")
        return True

    def set_aside(self) -> None:
        """Hold nothing."""

    def lacking_rights(self) -> list[str]:
        return []


def simulate_outage(
    writers: int, *, away_from: float, away_until: float, ends_at: float, spread_seconds: float
) -> list[Attempt]:
    """Return every attempt of all writers, in order; times are seconds since the first was started.

    `spread_seconds`: within which all were started, evenly.
    """
    server, clock = _Server(), FakeClock()
    flushers = [Flusher(_Pipeline(server), Guard(clock), clock, INTERVAL_SECONDS) for _ in range(writers)]
    spread = random.Random(5)
    due = [(spread.random() * spread_seconds, number) for number in range(writers)]
    heapq.heapify(due)
    attempts: list[Attempt] = []
    while due[0][0] < ends_at:
        at, number = due[0]
        server.is_up = not away_from <= at < away_until
        flusher = flushers[number]
        was_away = flusher.is_connected is False
        is_served = flusher.flush()
        attempts.append(Attempt(at, is_served, is_served and was_away))
        heapq.heapreplace(due, (at + flusher._pause_seconds(), number))
    return attempts
