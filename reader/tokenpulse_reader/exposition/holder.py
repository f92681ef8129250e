"""Hold the exposition that scrapes are answered from.

Strategy: rendering is part of loading a snapshot, in a thread, so no scrape waits for it; the new exposition
takes the old one's place when it is whole. While loading fails the last one stays, older at every attempt,
with `redis_up` 0 when Redis is the reason: never zeros.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tokenpulse_reader.exposition.exposition import Exposition
from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_shared.clock import Clock
from tokenpulse_shared.errors import StoreError

Snapshot = TypeVar("Snapshot")


class ExpositionHolder:
    """Keep the current exposition; belongs to one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._current: Exposition | None = None
        self._loaded_at = 0.0

    @property
    def current(self) -> Exposition | None:
        """Return what to answer from; None before the first snapshot."""
        return self._current

    def rendering(
        self, load: Callable[[], Awaitable[Snapshot]], facts_of: Callable[[Snapshot], Facts]
    ) -> Callable[[], Awaitable[Snapshot]]:
        """Return a loader that renders each snapshot before it gives it away."""

        async def load_and_render() -> Snapshot:
            try:
                snapshot = await load()
                loaded_at = self._clock.monotonic()
                self._current = await asyncio.to_thread(Exposition.of, facts_of(snapshot))
            except Exception as error:
                self._grow_older(is_redis_up=not isinstance(error, StoreError))
                raise
            self._loaded_at = loaded_at
            return snapshot

        return load_and_render

    def _grow_older(self, *, is_redis_up: bool) -> None:
        if self._current is not None:
            age_seconds = self._clock.monotonic() - self._loaded_at
            self._current = self._current.aged(age_seconds, is_redis_up=is_redis_up)
