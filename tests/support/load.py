"""Put a steady load on a recorder, with a ledger of what was recorded."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Self

import redis

from tests.support.ledger import Ledger, Series, load_counters
from tests.support.processes import wait_until
from tokenpulse.recorder import Recorder

_PAUSE_SECONDS = 0.001


class Load:
    """Record in a thread, provider by provider, until stopped; every request has tokens of its own."""

    def __init__(self, recorder: Recorder, providers: Sequence[str]) -> None:
        self.recorder = recorder
        self.ledger = Ledger()
        self._providers = providers
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._number = 0

    def record(self, times: int = 1) -> None:
        """Record, once for each provider, so many times."""
        for _ in range(times):
            for provider in self._providers:
                self._number += 1
                tokens = self._number % 7 + 1
                self.recorder.record(provider=provider, model="m", tokens_input=tokens, latency_ms=tokens)
                self.ledger.note(provider, "m", tokens_input=tokens, successful_requests=1)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_over.wait(_PAUSE_SECONDS):
            self.record()


def counted(client: redis.Redis) -> dict[Series, dict[str, int]]:
    """Return what Redis counts of what the ledger holds."""
    return load_counters(client, "total_requests", "tokens_input", "successful_requests")


def settle(recorder: Recorder, seconds: float = 20.0) -> None:
    """Flush until everything recorded is in Redis."""
    wait_until(recorder.flush, "everything to be flushed", deadline_seconds=seconds)


def longest(flush: Callable[[], object], times: int) -> float:
    """Return the seconds that the longest of some calls took."""
    took = 0.0
    for _ in range(times):
        began = time.monotonic()
        flush()
        took = max(took, time.monotonic() - began)
    return took
