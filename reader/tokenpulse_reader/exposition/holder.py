"""Hold the exposition that scrapes are answered from.

Strategy: what was asked for lately is made ready with each new snapshot, in a thread, before the snapshot is given
away: then a scrape is answered from bytes. Rendering takes `SHARE` of the time at most: where it takes long, some
snapshots are passed over. When a snapshot cannot be loaded the last exposition stays, with its age growing, and with
`redis_up` 0 when Redis is the reason: never zeros.
Bounds: at most `MAX_ASKED` scrapes are remembered, for `ASKED_SECONDS`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from tokenpulse_reader.exposition.exposition import Exposition
from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.scrape import Scrape
from tokenpulse_shared.clock import Clock
from tokenpulse_shared.errors import StoreError

Snapshot = TypeVar("Snapshot")

MAX_ASKED: Final = 8
ASKED_SECONDS: Final = 300.0
"""Five times the longest usual scrape interval."""
SHARE: Final = 0.2
"""3,000 models are rendered in 0.5 s: every 2.5 s then."""


class ExpositionHolder:
    """Keep the current exposition; belongs to one event loop."""

    def __init__(self, clock: Clock, usual: Scrape = Scrape()) -> None:  # noqa: B008  # immutable
        """Hold nothing yet; `usual`: what is made ready before anybody asks."""
        self._clock = clock
        self._usual = usual
        self._current: Exposition | None = None
        self._loaded_at = 0.0
        self._due_at = float("-inf")
        self._asked: OrderedDict[Scrape, float] = OrderedDict()

    @property
    def current(self) -> Exposition | None:
        """Return what to answer from; None before the first snapshot."""
        return self._current

    def note(self, scrape: Scrape) -> None:
        """Remember what is asked for."""
        self._asked[scrape] = self._clock.monotonic()
        self._asked.move_to_end(scrape)
        if len(self._asked) > MAX_ASKED:
            self._asked.popitem(last=False)

    def rendering(
        self, load: Callable[[], Awaitable[Snapshot]], facts_of: Callable[[Snapshot], Awaitable[Facts]]
    ) -> Callable[[], Awaitable[Snapshot]]:
        """Return a loader that renders each snapshot before it gives it away."""

        async def load_and_render() -> Snapshot:
            try:
                snapshot = await load()
                await self._render(snapshot, facts_of)
            except Exception as error:
                self._grow_older(is_redis_up=not isinstance(error, StoreError))
                raise
            return snapshot

        return load_and_render

    async def _render(self, snapshot: Snapshot, facts_of: Callable[[Snapshot], Awaitable[Facts]]) -> None:
        begun_at = self._clock.monotonic()
        if begun_at < self._due_at:
            return
        made = await asyncio.to_thread(_ready, await facts_of(snapshot), self._wanted(begun_at))
        self._current, self._loaded_at = made, begun_at
        ended_at = self._clock.monotonic()
        self._due_at = ended_at + (ended_at - begun_at) * (1.0 / SHARE - 1.0)

    def _wanted(self, now: float) -> list[Scrape]:
        """Return what was asked for lately, the usual where nothing was."""
        return [scrape for scrape, at in self._asked.items() if now - at < ASKED_SECONDS] or [self._usual]

    def _grow_older(self, *, is_redis_up: bool) -> None:
        if self._current is not None:
            age_seconds = self._clock.monotonic() - self._loaded_at
            self._current = self._current.aged(age_seconds, is_redis_up=is_redis_up)
            self._due_at = float("-inf")


def _ready(facts: Facts, wanted: Sequence[Scrape]) -> Exposition:
    exposition = Exposition(facts)
    for scrape in wanted:
        exposition.answer(scrape)
    return exposition
