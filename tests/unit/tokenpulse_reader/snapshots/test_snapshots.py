"""Snapshots: refreshed in the background, the last good one kept, its age told."""

import asyncio
import contextlib
import logging
import weakref

import pytest

from tests.support.clock import FakeClock
from tokenpulse_reader.exposition.facts import LastDay
from tokenpulse_reader.snapshots.snapshot import Snapshot
from tokenpulse_reader.snapshots.snapshots import FREED_AT_ONCE, Snapshots
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.totals.totals_records import ModelTotals, SeriesTotals, Totals


class Source:
    """Give snapshots; fail on demand; tell when a load was made."""

    def __init__(self) -> None:
        self.version = 0
        self.error: Exception | None = None
        self.loaded = asyncio.Event()
        self.models: tuple[ModelTotals, ...] = ()

    async def load(self) -> Snapshot:
        """Return the next snapshot."""
        self.loaded.set()
        if self.error is not None:
            raise self.error
        self.version += 1
        return Snapshot(
            version=self.version,
            computed_at=100.0 + self.version,
            health={},
            realtime={},
            circuits=(),
            totals=Totals(taken_at=0.0, providers={}, models=self.models, apps=(), redis=None),
            last_day=LastDay(),
        )

    async def next_load(self) -> None:
        """Return once one more load was made and settled."""
        self.loaded.clear()
        await asyncio.wait_for(self.loaded.wait(), 10.0)
        await asyncio.sleep(0)


async def test_the_first_request_waits_for_the_first_snapshot() -> None:
    source = Source()
    snapshots = Snapshots(source.load, 60.0, FakeClock())
    assert snapshots.peek() is None
    assert (snapshots.age_seconds, snapshots.is_too_old) == (None, False)
    snapshots.start()
    served = await snapshots.current()
    await snapshots.stop()

    assert (served.value.version, served.computed_at, served.is_stale) == (1, 101.0, False)


async def test_failing_from_the_start_is_told_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """The log does not speak of last answers where there are none."""
    source = Source()
    source.error = StoreUnavailableError("away")
    snapshots = Snapshots(source.load, 60.0, FakeClock())
    snapshots.start()
    with pytest.raises(StoreUnavailableError):
        await snapshots.current()
    await snapshots.stop()

    assert [record.message for record in caplog.records] == ["no answers are known from now on: away"]


async def test_the_last_good_one_is_kept_with_its_age(caplog: pytest.LogCaptureFixture) -> None:
    """One log line when Redis goes, one when it is back."""
    source, clock = Source(), FakeClock()
    snapshots = Snapshots(source.load, 0.001, clock)
    with caplog.at_level(logging.WARNING, "tokenpulse_reader.snapshots.snapshots"):
        snapshots.start()
        await snapshots.current()
        source.error = StoreUnavailableError("away")
        await source.next_load()
        await source.next_load()
        await source.next_load()
        clock.advance(7.0)
        stale = await snapshots.current()
        source.error = None
        await source.next_load()
        await source.next_load()
        fresh = await snapshots.current()
        await snapshots.stop()

    assert stale.age_seconds is not None
    assert stale.age_seconds >= 7.0
    assert not fresh.is_stale
    assert fresh.value.version > stale.value.version
    assert [record.message for record in caplog.records] == [
        "the last good answers are served from now on: away",
        "Redis answers again",
    ]


async def test_a_mistake_of_ours_does_not_end_the_refreshing(caplog: pytest.LogCaptureFixture) -> None:
    """It is counted and logged with its traceback; what was good before is stale meanwhile."""
    source = Source()
    snapshots = Snapshots(source.load, 0.001, FakeClock())
    snapshots.start()
    await snapshots.current()
    source.error = ZeroDivisionError("ours")
    await source.next_load()
    await source.next_load()
    stale = await snapshots.current()
    source.error = None
    await source.next_load()
    await source.next_load()
    fresh = await snapshots.current()
    await snapshots.stop()

    assert (stale.is_stale, fresh.is_stale) == (True, False)
    assert snapshots.internal_errors >= 1
    assert caplog.records[0].exc_info is not None


async def test_a_snapshot_that_missed_its_refreshes_is_too_old() -> None:
    """Three intervals, ten seconds at least: then it is stale although nothing failed."""
    clock = FakeClock()
    snapshots = Snapshots(Source().load, 5.0, clock)
    snapshots.start()
    await snapshots.current()
    clock.advance(15.0)
    assert not snapshots.is_too_old
    clock.advance(0.1)
    served = await snapshots.current()
    await snapshots.stop()

    assert snapshots.is_too_old
    assert served.age_seconds == pytest.approx(15.1)


async def test_without_a_background_requests_refresh_it() -> None:
    """At most once in an interval, one for all who ask at once."""
    source, clock = Source(), FakeClock()
    snapshots = Snapshots(source.load, 2.0, clock)
    versions = [
        served.value.version for served in await asyncio.gather(*(snapshots.current() for _ in range(5)))
    ]
    clock.advance(2.0)
    later = (await snapshots.current()).value.version
    await snapshots.stop()

    assert (versions, later) == ([1] * 5, 2)


async def test_stopping_ends_a_loop_whose_cancellation_was_swallowed() -> None:
    """redis-py can swallow a cancellation; the loop still ends."""
    started = asyncio.Event()
    source = Source()

    async def load() -> Snapshot:
        started.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        return await source.load()

    snapshots = Snapshots(load, 60.0, FakeClock())
    snapshots.start()
    await started.wait()
    await asyncio.wait_for(snapshots.stop(), 5.0)

    assert source.version == 1


class WatchedTotals(SeriesTotals):
    """Totals that can be watched going."""


async def test_an_old_snapshot_is_freed_a_little_at_a_time() -> None:
    """The loop gets its turns meanwhile: freed at once, hundreds of models would hold it."""
    source, clock = Source(), FakeClock()
    snapshots = Snapshots(source.load, 2.0, clock)
    models = [
        ModelTotals("p", f"m{number}", WatchedTotals(counters={})) for number in range(3 * FREED_AT_ONCE)
    ]
    alive = [weakref.ref(model.totals) for model in models]
    source.models = tuple(models)
    await snapshots.current()
    source.models = ()
    del models
    assert sum(held() is not None for held in alive) == 3 * FREED_AT_ONCE
    clock.advance(2.0)
    refreshing = asyncio.create_task(snapshots.current())
    counts = set()
    while not refreshing.done():
        counts.add(sum(held() is not None for held in alive))
        await asyncio.sleep(0)

    assert {2 * FREED_AT_ONCE, FREED_AT_ONCE} <= counts
    assert not any(held() for held in alive)
