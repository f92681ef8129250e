"""Keep the current snapshot: refresh it in the background, serve the last good one while Redis is away."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from tokenpulse_reader.snapshots.served import Served
from tokenpulse_reader.snapshots.snapshot import Snapshot
from tokenpulse_shared.clock import Clock
from tokenpulse_shared.errors import StoreError, StoreUnavailableError
from tokenpulse_shared.totals.totals_records import ModelTotals

_logger = logging.getLogger(__name__)

FIRST_WAIT_SECONDS: Final = 2.0
"""Longest a request waits for the first snapshot after the start."""
FREED_AT_ONCE: Final = 50
"""About 1 ms of the event loop."""
MINIMUM_PATIENCE_SECONDS: Final = 10.0
"""A snapshot is not called too old before this, however short the interval."""


class Snapshots:
    """Hold the current snapshot; belongs to one event loop.

    Without `start` (a server that runs no lifespan) requests refresh it themselves, one for all.
    """

    def __init__(
        self, load: Callable[[], Awaitable[Snapshot]], interval_seconds: float, clock: Clock
    ) -> None:
        self._load = load
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._current: Snapshot | None = None
        self._loaded_at = 0.0
        self._is_failing = False
        self._attempted = asyncio.Event()
        self._stopping = asyncio.Event()
        self._refreshing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.internal_errors = 0
        self.failed_refreshes = 0
        """For whatever reason; `internal_errors` among them."""
        self.hits = 0
        """Answers from a snapshot that was there."""
        self.misses = 0

    def start(self) -> None:
        """Begin to refresh in the background of the running loop."""
        self._stopping.clear()
        self._task = asyncio.create_task(self._run(), name="tokenpulse-snapshots")

    async def stop(self) -> None:
        """End the refreshing; the event beside the cancellation, because a driver may swallow the latter."""
        if self._task is None:
            return
        self._stopping.set()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None

    @property
    def is_running(self) -> bool:
        """Tell whether it refreshes by itself, whoever asks."""
        return self._task is not None

    async def current(self) -> Served[Snapshot]:
        """Return the snapshot; waits for the first one.

        Raises:
            StoreUnavailableError: there is none, Redis is away.
        """
        self.hits += self._current is not None
        self.misses += self._current is None
        if self._task is None:
            await self._refresh_if_due()
        elif self._current is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FIRST_WAIT_SECONDS):
                    await self._attempted.wait()
        served = self.peek()
        if served is None:
            raise StoreUnavailableError("Redis gave no answer since the reader started")
        return served

    def peek(self) -> Served[Snapshot] | None:
        """Return the snapshot as it is, None before the first."""
        if self._current is None:
            return None
        is_stale = self._is_failing or self.is_too_old
        return Served(self._current, self._current.computed_at, self.age_seconds if is_stale else None)

    @property
    def age_seconds(self) -> float | None:
        """Return how long ago the snapshot was loaded, None before the first."""
        return None if self._current is None else self._clock.monotonic() - self._loaded_at

    @property
    def is_too_old(self) -> bool:
        """Tell whether the snapshot missed three refreshes, 10 seconds at least; False before the first."""
        age = self.age_seconds
        return age is not None and age > max(3 * self._interval_seconds, MINIMUM_PATIENCE_SECONDS)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._refresh()
            except Exception:  # the top of the background loop: it must go on
                self._is_failing = True
                self.internal_errors += 1
                self.failed_refreshes += 1
                _logger.exception("a snapshot failed for a reason of ours")
            self._attempted.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval_seconds):
                    await self._stopping.wait()

    async def _refresh_if_due(self) -> None:
        async with self._refreshing:
            age = self.age_seconds
            if age is None or age >= self._interval_seconds:
                await self._refresh()

    async def _refresh(self) -> None:
        try:
            snapshot = await self._load()
        except StoreError as error:
            if not self._is_failing:
                served = (
                    "no answers are known" if self._current is None else "the last good answers are served"
                )
                _logger.warning("%s from now on: %s", served, error)
            self._is_failing = True
            self.failed_refreshes += 1
            return
        if self._is_failing:
            _logger.warning("Redis answers again")  # as loud as the line that it takes back
        old, self._current = self._current, snapshot
        self._loaded_at, self._is_failing = self._clock.monotonic(), False
        if old is not None:
            models = list(old.totals.models)
            del old
            await _let_go(models)


async def _let_go(models: list[ModelTotals]) -> None:
    """Free what only an old snapshot held, a little at a time: 300 models at once take 5 ms of the event loop."""
    while models:
        del models[-FREED_AT_ONCE:]
        await asyncio.sleep(0)
