"""The exposition follows the snapshots, and grows old while Redis is away."""

import pytest

from tests.support.exposition_facts import facts
from tokenpulse_reader.exposition.exposition import Exposition, Scrape, families_named
from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.holder import ExpositionHolder
from tokenpulse_shared.errors import StoreUnavailableError

AGE = Scrape(families=families_named(["redis_up", "tokenpulse_snapshot_age_seconds"]))


class Clock:
    """A clock that a test sets."""

    now = 100.0

    def monotonic(self) -> float:
        """Return what was set."""
        return self.now

    def time(self) -> float:
        """Return what was set."""
        return self.now


class Store:
    """A store that a test takes away."""

    is_away = False
    is_broken = False

    async def load(self) -> str:
        """Return a snapshot's name, if the store is there."""
        if self.is_away:
            raise StoreUnavailableError("away")
        if self.is_broken:
            raise KeyError("a mistake of ours")
        return "snapshot"


def _facts_of(snapshot: str) -> Facts:
    assert snapshot == "snapshot"
    return facts()


def _samples(exposition: Exposition | None) -> list[str]:
    assert exposition is not None
    return [line for line in exposition.answer(AGE).decode().splitlines() if not line.startswith("#")]


async def test_each_snapshot_is_rendered_before_it_is_given_away() -> None:
    """No scrape waits for rendering."""
    holder = ExpositionHolder(Clock())
    load = holder.rendering(Store().load, _facts_of)
    assert holder.current is None

    assert await load() == "snapshot"
    first = holder.current
    await load()

    assert _samples(first) == ["redis_up 1", "tokenpulse_snapshot_age_seconds 0.0"]
    assert holder.current is not first


async def test_the_last_exposition_grows_old_while_redis_is_away() -> None:
    """The numbers stay, and say how old they are."""
    clock, store = Clock(), Store()
    holder = ExpositionHolder(clock)
    load = holder.rendering(store.load, _facts_of)
    await load()
    store.is_away = True
    clock.now = 107.5
    with pytest.raises(StoreUnavailableError):
        await load()
    away = _samples(holder.current)
    store.is_away = False
    await load()

    assert away == ["redis_up 0", "tokenpulse_snapshot_age_seconds 7.5"]
    assert _samples(holder.current) == ["redis_up 1", "tokenpulse_snapshot_age_seconds 0.0"]


async def test_the_last_exposition_grows_old_after_a_mistake_of_ours() -> None:
    """A scrape sees that the numbers stand still; Redis is not blamed."""
    clock, store = Clock(), Store()
    holder = ExpositionHolder(clock)
    load = holder.rendering(store.load, _facts_of)
    await load()
    store.is_broken = True
    clock.now = 104.0
    with pytest.raises(KeyError):
        await load()

    assert _samples(holder.current) == ["redis_up 1", "tokenpulse_snapshot_age_seconds 4.0"]


async def test_without_any_snapshot_there_is_nothing() -> None:
    """Not zeros."""
    store = Store()
    store.is_away = True
    holder = ExpositionHolder(Clock())

    with pytest.raises(StoreUnavailableError):
        await holder.rendering(store.load, _facts_of)()

    assert holder.current is None
