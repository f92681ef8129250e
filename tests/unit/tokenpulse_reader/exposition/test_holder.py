"""The exposition follows the snapshots, and grows old while Redis is away."""

import pytest

from tests.support.exposition_facts import facts
from tokenpulse_reader.exposition.exposition import Exposition
from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.holder import ASKED_SECONDS, MAX_ASKED, SHARE, ExpositionHolder
from tokenpulse_reader.exposition.scrape import Scrape, families_named
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


async def _facts_of(snapshot: str) -> Facts:
    assert snapshot == "snapshot"
    return facts()


def _samples(exposition: Exposition | None) -> list[str]:
    assert exposition is not None
    return [line for line in exposition.answer(AGE).whole().decode().splitlines() if not line.startswith("#")]


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


async def test_what_was_asked_for_lately_is_ready_with_the_next_snapshot() -> None:
    """A scrape is answered from bytes; what nobody asked for in five minutes is made when it is asked for."""
    clock = Clock()
    holder = ExpositionHolder(clock)
    load = holder.rendering(Store().load, _facts_of)
    await load()
    assert holder.current is not None
    assert holder.current.kept(Scrape()) is not None
    assert holder.current.kept(AGE) is None
    holder.note(AGE)
    await load()
    assert holder.current.kept(AGE) is not None
    assert holder.current.kept(Scrape()) is None
    clock.now += ASKED_SECONDS
    await load()

    assert holder.current.kept(AGE) is None
    assert holder.current.kept(Scrape()) is not None


async def test_only_the_last_ones_asked_for_are_remembered() -> None:
    """However many names a client asks for."""
    holder = ExpositionHolder(Clock())
    asked = [
        Scrape(families=frozenset((name,)))
        for name in ("redis_up", "health_score", *map(str, range(MAX_ASKED - 1)))
    ]
    holder.note(asked[0])
    for scrape in asked:
        holder.note(scrape)
    await holder.rendering(Store().load, _facts_of)()
    assert holder.current is not None
    kept = [holder.current.kept(scrape) is not None for scrape in asked]

    assert kept == [False] + [True] * MAX_ASKED


async def test_rendering_takes_a_share_of_the_time_at_most() -> None:
    """Where it takes long, snapshots are passed over, and the last exposition stays."""
    clock = Clock()
    holder = ExpositionHolder(clock)

    async def slow(snapshot: str) -> Facts:
        clock.now += 2.0
        return await _facts_of(snapshot)

    load = holder.rendering(Store().load, slow)
    await load()
    first = holder.current
    clock.now += 2.0 / SHARE - 2.0 - 0.001
    assert await load() == "snapshot"
    assert holder.current is first
    clock.now += 0.001
    await load()

    assert holder.current is not first
