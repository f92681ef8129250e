"""Hold the exposition that scrapes are answered from.

Strategy: a new one is rendered in a thread and takes the old one's place when it is whole. While Redis is
away the last one stays, older at every look, with `redis_up` 0: never zeros.
"""

import asyncio

from tokenpulse_reader.exposition.exposition import Exposition
from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_shared.clock import Clock, SystemClock


class ExpositionHolder:
    """Keep the current exposition; used from one event loop."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._current: Exposition | None = None
        self._loaded_at = 0.0

    def current(self) -> Exposition | None:
        """Return what to answer from; None before the first refresh."""
        return self._current

    async def refresh(self, facts: Facts, *, loaded_at: float | None = None) -> None:
        """Render new facts; `loaded_at` is when they were loaded, by the clock's `monotonic`; None: now."""
        loaded_at = self._clock.monotonic() if loaded_at is None else loaded_at
        self._current = await asyncio.to_thread(Exposition.of, facts)
        self._loaded_at = loaded_at

    def note_redis_away(self) -> None:
        """Let the current exposition say that Redis did not answer, with how old its numbers are."""
        if self._current is not None:
            age_seconds = self._clock.monotonic() - self._loaded_at
            self._current = self._current.aged(age_seconds, is_redis_up=False)
