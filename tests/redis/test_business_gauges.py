"""Gauges that an operator's services post, in a real Redis."""

from collections.abc import AsyncIterator

import pytest
import redis

from tests.support.clock import FakeClock
from tokenpulse_shared.business_gauges import GAUGE_RETENTION_SECONDS, BusinessGauge
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.store import MetricsStore

NOW = 1_715_769_020.0
KEYS = Keyspace()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
async def store(redis_url: str, clock: FakeClock) -> AsyncIterator[MetricsStore]:
    async with MetricsStore(redis_url, clock=clock) as held:
        yield held


async def test_a_gauge_is_replaced_whole(store: MetricsStore, clock: FakeClock) -> None:
    """Label values that were not posted again are gone; other gauges stay."""
    await store.post_gauges(
        {
            "subscription_count": {("pro", "monthly"): 10, ("pro", "yearly"): 2, ("basic", "monthly"): 7},
            "active_api_keys": {("active",): 5},
        }
    )
    clock.advance(60)
    await store.post_gauges({"subscription_count": {("pro", "monthly"): 11}})
    await store.post_gauges({})

    assert await store.gauges() == [
        BusinessGauge("active_api_keys", ("active",), 5, NOW),
        BusinessGauge("subscription_count", ("pro", "monthly"), 11, NOW + 60),
    ]


async def test_trials_are_counted_unless_posted(store: MetricsStore) -> None:
    """Who posts `trial_active` knows better; while no user is known nothing tells how many trials there are."""
    assert await store.gauges() == []
    await store.record_trial_event("ann", "started")

    assert BusinessGauge("trial_active", ("active",), 1, None) in await store.gauges()
    await store.post_gauges({"trial_active": {("active",): 40}})
    assert await store.gauges() == [BusinessGauge("trial_active", ("active",), 40, NOW)]


async def test_an_old_gauge_is_not_known(
    store: MetricsStore, clock: FakeClock, redis_client: redis.Redis
) -> None:
    """After eight days without a post it is left out, however often others are posted."""
    await store.post_gauges({"active_api_keys": {("active",): 5}})
    clock.advance(GAUGE_RETENTION_SECONDS + 1)
    await store.post_gauges({"active_connections": {("websocket",): 3}})

    assert await store.gauges() == [
        BusinessGauge("active_connections", ("websocket",), 3, NOW + GAUGE_RETENTION_SECONDS + 1),
    ]
    assert 0 < redis_client.ttl(KEYS.gauges()) <= GAUGE_RETENTION_SECONDS


async def test_what_others_wrote_is_left_out(store: MetricsStore, redis_client: redis.Redis) -> None:
    """A field that is no gauge of ours is noted, one of a later release passed over."""
    await store.post_gauges({"active_api_keys": {("active",): 5}})
    redis_client.hset(KEYS.gauges(), "active_connections", "many")
    redis_client.hset(
        KEYS.gauges(), "trial_active", '{"at":1715769020.0,"values":[["a","b",1],["active",2]]}'
    )
    redis_client.hset(KEYS.gauges(), "brand_new", '{"at":1715769020.0,"values":[["a",1]]}')

    assert await store.gauges() == [
        BusinessGauge("active_api_keys", ("active",), 5, NOW),
        BusinessGauge("trial_active", ("active",), 2, NOW),
    ]
    assert store.corrupt_keys == 1
    redis_client.set(KEYS.gauges(), "mine")
    assert await store.gauges() == []
    with pytest.raises(StoreUnavailableError, match="holds something else"):
        await store.post_gauges({"active_api_keys": {("active",): 5}})
