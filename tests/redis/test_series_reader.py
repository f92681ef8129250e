"""Reading many series: pages, days, keys that hold something else."""

from collections.abc import AsyncIterator, Callable
from contextlib import closing

import pytest
import redis

from tests.support.clock import FakeClock
from tokenpulse.recorder import Recorder
from tokenpulse_shared import scripts
from tokenpulse_shared.keyspace import DAY_RETENTION_SECONDS, Keyspace
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.windows import days_reader
from tokenpulse_shared.windows.series_window import Series
from tokenpulse_shared.windows.timespan import days_span, hours_span

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
KEYS = Keyspace()
SERIES = [Series(provider, model) for provider in ("p", "q") for model in ("a", "b/c:d", "e")]
COUNTERS = ("total_requests", "total_cost")


@pytest.fixture
async def store(redis_url: str, open_recorder: Callable[..., Recorder]) -> AsyncIterator[MetricsStore]:
    """Give a store of six models: one, two, … six calls yesterday, as many today."""
    clock = FakeClock(NOW - 86_400)
    recorder = open_recorder(redis_url=redis_url, clock=clock)
    for _ in range(2):
        for number, (provider, model) in enumerate(SERIES, 1):
            for _ in range(number):
                recorder.record(provider=provider, model=str(model), cost=0.5)
        assert recorder.flush()
        clock.advance(86_400)
    recorder.close()
    async with MetricsStore(redis_url, clock=FakeClock(NOW)) as held:
        yield held


async def test_every_model_is_known(store: MetricsStore) -> None:
    """By provider, then model; one that nobody used is not."""
    assert await store.series.known() == SERIES
    assert await store.series.knows(Series("q", "b/c:d"))
    assert not await store.series.knows(Series("q", "other"))
    assert not await store.series.knows(Series("nobody", "a"))


@pytest.mark.parametrize("size", [1, 4, 6])
async def test_pages_hold_every_series_once(store: MetricsStore, size: int) -> None:
    """In order, whatever the page's size, of hours and of days."""
    for span in (hours_span(NOW, 25), days_span(NOW, 2)):
        pages = [page async for page in store.series.pages(SERIES, span, most=size)]

        assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
        windows = [window for page in pages for window in page]
        assert [window.series for window in windows] == SERIES
        assert [[row.requests for row in window.rows] for window in windows] == [
            [number] * 2 for number in range(1, 7)
        ]


async def test_days_come_with_the_counters_asked_for(
    store: MetricsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over as many round trips as it takes; nothing of days without data."""
    monkeypatch.setattr(days_reader, "COMMANDS_A_TRIP", 4)
    totals = await store.series.totals(SERIES, days_span(NOW, 7), counters=COUNTERS)

    assert [total.row.counters for total in totals] == [
        {"total_requests": 2 * number, "total_cost": number * 10**9} for number in range(1, 7)
    ]
    assert {total.coverage for total in totals} == {(86_400 + NOW % 86_400) / (6 * 86_400 + NOW % 86_400)}


def _record_once(url: str, clock: FakeClock, *series: tuple[str, str]) -> None:
    with closing(Recorder(redis_url=url, clock=clock)) as recorder:
        for provider, model in series:
            recorder.record(provider=provider, model=model, cost=0.5)


async def test_days_of_idle_names_are_remembered(redis_url: str, redis_client: redis.Redis) -> None:
    """A model, a provider idle for so long that others may have their places still count in ninety days."""
    clock = FakeClock(NOW - 80 * 86_400)
    _record_once(redis_url, clock, ("p", "old"), ("gone", "m"))
    clock.advance(40 * 86_400)
    _record_once(redis_url, clock, ("p", "new"))
    clock.advance(40 * 86_400)
    _record_once(redis_url, clock, ("p", "newer"))
    async with MetricsStore(redis_url, clock=clock) as store:
        days, hours = days_span(NOW, 90), hours_span(NOW, 168)
        known = await store.series.known_in(days)
        totals = await store.series.totals(known, days, counters=COUNTERS)

        assert await store.series.known() == await store.series.known_in(hours) == [Series("p", "newer")]
        assert known == [Series("gone", "m"), *(Series("p", model) for model in ("new", "newer", "old"))]
        assert [total.row.counters for total in totals] == [
            {"total_requests": 1, "total_cost": 5 * 10**8}
        ] * 4
    assert 0 < redis_client.ttl(KEYS.past_models("p")) <= DAY_RETENTION_SECONDS
    assert 0 < redis_client.ttl(KEYS.past_providers()) <= DAY_RETENTION_SECONDS


async def test_what_is_older_than_days_are_kept_is_forgotten(
    redis_url: str, redis_client: redis.Redis
) -> None:
    """What is remembered is bounded by time."""
    clock = FakeClock(NOW - 147 * 86_400)
    for model in ("oldest", "old", "new"):
        _record_once(redis_url, clock, ("p", model))
        clock.advance(49 * 86_400)
    _record_once(redis_url, clock, ("p", "newest"))

    assert redis_client.zrange(KEYS.past_models("p"), 0, -1) == [b"old", b"new"]


async def test_a_foreign_key_where_names_are_remembered_keeps_nobody_out(
    redis_url: str, redis_client: redis.Redis
) -> None:
    """It is left as it is; new names are admitted all the same, and reading leaves it out."""
    redis_client.set(KEYS.past_models("p"), "mine")
    clock = FakeClock(NOW - 40 * 86_400)
    _record_once(redis_url, clock, ("p", "old"))
    clock.advance(40 * 86_400)
    _record_once(redis_url, clock, ("p", "new"))
    async with MetricsStore(redis_url, clock=clock) as store:
        assert await store.series.known_in(days_span(NOW, 90)) == [Series("p", "new")]
        assert store.corrupt_keys == 1
    assert redis_client.get(KEYS.past_models("p")) == b"mine"


def test_names_are_remembered_as_long_as_days_are_kept() -> None:
    """The script's constant is the keyspace's."""
    assert f"REMEMBERED = {DAY_RETENTION_SECONDS} " in scripts.source("admit")


async def test_no_series_is_no_page(store: MetricsStore) -> None:
    """Nothing to ask for."""
    assert await store.series.totals([], days_span(NOW, 7)) == []


async def test_keys_of_others_are_left_out_and_counted(
    store: MetricsStore, redis_client: redis.Redis
) -> None:
    """A day that is no hash, one with a counter that is no number: the other day still counts."""
    redis_client.set(KEYS.counters("p", "a", "2024-05-14"), "not a hash")
    redis_client.hset(KEYS.counters("q", "a", "2024-05-15"), "total_cost", "much")
    totals = await store.series.totals(SERIES, days_span(NOW, 7), counters=COUNTERS)

    assert [total.row.requests for total in totals] == [1, 4, 6, 4, 10, 12]
    assert [total.corrupt_keys for total in totals] == [1, 0, 0, 1, 0, 0]
    assert store.corrupt_keys == 2
