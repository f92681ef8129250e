"""Load a value once for all who ask at the same time, keep it for a moment, serve it while Redis is away.

Bounds: at most `MAX_KEPT` values; the one asked for longest ago goes first.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from typing import Any, Final, NamedTuple, TypeVar

from tokenpulse_reader.snapshots.served import Served
from tokenpulse_shared.clock import Clock
from tokenpulse_shared.errors import StoreUnavailableError

MAX_KEPT: Final = 256
LOAD_SHARE: Final = 10.0
"""A value is kept for this many times what its load took: a dashboard costs a tenth of the time at most."""
LONGEST_FRESH_SECONDS: Final = 30.0
"""However long a load took, its value is loaded again after this."""

T = TypeVar("T")


class _Kept(NamedTuple):
    value: Any
    computed_at: float
    loaded_at: float
    fresh_seconds: float


class Loads:
    """Answer by key; belongs to one event loop.

    `fresh_seconds`: how long a value is served without asking again, longer when its load was long. `now`: the store's
    epoch seconds.
    """

    def __init__(self, fresh_seconds: float, clock: Clock, now: Callable[[], Awaitable[float]]) -> None:
        self._fresh_seconds = fresh_seconds
        self._clock = clock
        self._now = now
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._running: dict[Hashable, asyncio.Task[_Kept]] = {}
        self.hits = 0
        """Answers from memory, or from a load that was under way."""
        self.misses = 0

    async def get(self, key: Hashable, load: Callable[[], Coroutine[Any, Any, T]]) -> Served[T]:
        """Return the value of `key`, loaded unless one is fresh; equal keys must mean equal loads.

        Raises:
            StoreUnavailableError: Redis is away, and nothing is known from before.
        """
        kept = self._kept.get(key)
        if kept is not None and self._clock.monotonic() - kept.loaded_at < kept.fresh_seconds:
            self._kept.move_to_end(key)
            self.hits += 1
            return Served(kept.value, kept.computed_at)
        try:
            kept = await self._load_once(key, load)
        except StoreUnavailableError:
            if kept is None:
                raise
            return Served(kept.value, kept.computed_at, self._clock.monotonic() - kept.loaded_at)
        return Served(kept.value, kept.computed_at)

    async def stop(self) -> None:
        """End the loads under way: those that everybody left would open connections of a closed store."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _load_once(self, key: Hashable, load: Callable[[], Coroutine[Any, Any, Any]]) -> _Kept:
        task = self._running.get(key)
        self.hits += task is not None
        self.misses += task is None
        if task is None:
            task = asyncio.create_task(self._load(key, load))
            self._running[key] = task
            task.add_done_callback(lambda done: self._finish(key, done))
        return await asyncio.shield(task)  # one client that leaves does not take the others' answer along

    async def _load(self, key: Hashable, load: Callable[[], Coroutine[Any, Any, Any]]) -> _Kept:
        began = self._clock.monotonic()
        computed_at = await self._now()
        value = await load()
        loaded_at = self._clock.monotonic()
        fresh_seconds = min(LOAD_SHARE * (loaded_at - began), LONGEST_FRESH_SECONDS)
        kept = _Kept(value, computed_at, loaded_at, max(fresh_seconds, self._fresh_seconds))
        self._kept[key] = kept
        self._kept.move_to_end(key)
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return kept

    def _finish(self, key: Hashable, task: asyncio.Task[_Kept]) -> None:
        del self._running[key]
        if not task.cancelled():
            task.exception()  # taken note of, even when everybody who asked has left
