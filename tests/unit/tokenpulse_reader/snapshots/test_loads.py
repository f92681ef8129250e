"""Loads: one for all who ask at once, kept for a moment, served on while Redis is away."""

import asyncio

import pytest

from tests.support.clock import FakeClock
from tokenpulse_reader.snapshots.loads import MAX_KEPT, Loads
from tokenpulse_shared.errors import StoreUnavailableError


class Source:
    """Count loads; fail on demand; wait for leave when told to."""

    def __init__(self) -> None:
        self.count = 0
        self.is_away = False
        self.leave = asyncio.Event()
        self.leave.set()

    async def load(self) -> int:
        """Return how many loads there were."""
        await self.leave.wait()
        if self.is_away:
            raise StoreUnavailableError("away")
        self.count += 1
        return self.count


async def _epoch() -> float:
    return 5.0


def loads(clock: FakeClock) -> Loads:
    return Loads(2.0, clock, _epoch)


async def test_a_value_is_kept_for_its_time() -> None:
    clock, source = FakeClock(), Source()
    held = loads(clock)
    first = await held.get("k", source.load)
    clock.advance(1.9)
    second = await held.get("k", source.load)
    clock.advance(0.2)
    third = await held.get("k", source.load)

    assert [served.value for served in (first, second, third)] == [1, 1, 2]
    assert (first.computed_at, first.is_stale, third.age_seconds) == (5.0, False, None)


async def test_the_last_value_is_served_while_redis_is_away() -> None:
    """With its age; a key never loaded has none."""
    clock, source = FakeClock(), Source()
    held = loads(clock)
    await held.get("k", source.load)
    source.is_away = True
    clock.advance(30.0)
    served = await held.get("k", source.load)

    assert (served.value, served.is_stale, served.age_seconds) == (1, True, 30.0)
    with pytest.raises(StoreUnavailableError):
        await held.get("other", source.load)


async def test_all_who_ask_at_once_get_one_load() -> None:
    """One of them leaving takes nothing from the others."""
    source = Source()
    source.leave.clear()
    held = loads(FakeClock())
    asking = [asyncio.create_task(held.get("k", source.load)) for _ in range(20)]
    await asyncio.sleep(0)
    asking[0].cancel()
    source.leave.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)

    assert isinstance(answers[0], asyncio.CancelledError)
    assert source.count == 1
    assert (await held.get("k", source.load)).value == 1


async def test_a_failure_that_nobody_waits_for_is_quiet() -> None:
    """All who asked have left; the failed load warns of nothing."""
    source = Source()
    source.leave.clear()
    source.is_away = True
    held = loads(FakeClock())
    asking = asyncio.create_task(held.get("k", source.load))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    source.leave.set()
    source.is_away = False

    assert (await held.get("k", source.load)).value == 1


async def test_stop_ends_what_is_under_way() -> None:
    """Loads that everybody left and loads that somebody waits for; nothing runs on, nothing was loaded."""
    source = Source()
    source.leave.clear()
    held = loads(FakeClock())
    left, waiting = (asyncio.create_task(held.get(key, source.load)) for key in ("left", "waiting"))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.sleep(0)
    await held.stop()
    answers = await asyncio.gather(left, waiting, return_exceptions=True)

    assert [type(answer) for answer in answers] == [asyncio.CancelledError, asyncio.CancelledError]
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert source.count == 0


async def test_what_is_kept_is_bounded() -> None:
    """The one asked for longest ago goes."""
    source, held = Source(), loads(FakeClock())
    for key in range(MAX_KEPT):
        await held.get(key, source.load)
    await held.get(0, source.load)
    await held.get("new", source.load)

    assert (await held.get(0, source.load)).value == 1
    assert (await held.get(1, source.load)).value == MAX_KEPT + 2


@pytest.mark.parametrize(
    ("load_seconds", "fresh_seconds"), [(0.1, 2.0), (0.25, 2.5), (1.0, 10.0), (9.0, 30.0)]
)
async def test_what_took_long_is_kept_longer(load_seconds: float, fresh_seconds: float) -> None:
    """Ten times as long as its load took, within bounds, so that loads take a tenth of the time at most."""
    clock = FakeClock()
    count = 0

    async def load() -> int:
        nonlocal count
        count += 1
        clock.advance(load_seconds)
        return count

    held = loads(clock)
    await held.get("k", load)
    clock.advance(fresh_seconds - 0.01)
    before = (await held.get("k", load)).value
    clock.advance(0.02)
    after = (await held.get("k", load)).value

    assert (before, after) == (1, 2)
