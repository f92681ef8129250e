"""Trials in a real Redis: each event of a user once, whoever posts it, however many at a time."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis

from tests.support.clock import FakeClock
from tests.support.cluster import RedisCluster
from tokenpulse_shared import trials
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.keyspace import DAY_RETENTION_SECONDS, Keyspace
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.trial_records import TrialEvent, TrialPeriod
from tokenpulse_shared.trials import TrialsFullError

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
DAY = 86400.0
KEYS = Keyspace()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
async def store(redis_url: str, clock: FakeClock) -> AsyncIterator[MetricsStore]:
    async with MetricsStore(redis_url, clock=clock) as held:
        yield held


async def post(store: MetricsStore, user: str, *events: TrialEvent, plan: str | None = None) -> list[bool]:
    return [await store.record_trial_event(user, event, plan) for event in events]


async def test_an_event_of_a_user_counts_once(store: MetricsStore) -> None:
    """The second time it is known already; another user's, another event's, counts."""
    assert await post(store, "ann", "signup", "started", "signup") == [True, True, False]
    assert await post(store, "bob", "signup", "signup") == [True, False]

    period = await store.trials(30)
    assert period.events == {"signup": 2, "started": 1, "converted": 0, "expired": 0}
    assert period.states == {"signed_up": 1, "active": 1, "converted": 0, "expired": 0}


async def test_a_life_is_followed_over_days(store: MetricsStore, clock: FakeClock) -> None:
    """Events count on their day, conversions with the time since the start; who stands where is as of now."""
    await post(store, "ann", "signup", "started", plan="pro")
    await post(store, "bob", "signup", "started", plan="basic")
    clock.advance(3 * DAY)
    await post(store, "ann", "converted")
    await post(store, "bob", "expired")
    await post(store, "eve", "signup")
    clock.advance(2 * DAY)
    await post(store, "bob", "converted", plan="pro")  # comes back

    assert await store.trials(30) == TrialPeriod(
        first_day="2024-04-21",
        events={"signup": 3, "started": 2, "converted": 2, "expired": 1},
        plans={
            "basic": {"signup": 1, "started": 1, "converted": 0, "expired": 1},
            "pro": {"signup": 1, "started": 1, "converted": 2, "expired": 0},
        },
        activated=2,
        converted_later=2,
        conversions_timed=2,
        conversion_seconds=int(8 * DAY),
        days_with_data=("2024-05-15", "2024-05-18", "2024-05-20"),
        states={"signed_up": 1, "active": 0, "converted": 2, "expired": 0},
    )
    recent = await store.trials(1)
    assert (recent.first_day, recent.events["converted"], recent.events["signup"]) == ("2024-05-20", 1, 0)
    assert recent.states == {"signed_up": 1, "active": 0, "converted": 2, "expired": 0}


@pytest.mark.parametrize(
    "order",
    [
        ("signup", "started", "converted"),
        ("converted", "signup", "started"),
        ("started", "converted", "signup"),
    ],
)
async def test_events_may_come_in_any_order(store: MetricsStore, order: tuple[TrialEvent, ...]) -> None:
    """What follows from two events counts once, when the later of them comes."""
    await post(store, "ann", *order, *order)

    period = await store.trials(1)
    assert (period.activated, period.converted_later, period.conversions_timed) == (1, 1, 1)
    assert period.conversion_seconds == 0
    assert period.states == {"signed_up": 0, "active": 0, "converted": 1, "expired": 0}


async def test_readers_that_post_at_the_same_time_count_exactly(redis_url: str, clock: FakeClock) -> None:
    """Three readers post the same events of 40 users at once: each counts once."""
    async with (
        MetricsStore(redis_url, clock=clock) as one,
        MetricsStore(redis_url, clock=clock) as two,
        MetricsStore(redis_url, clock=clock) as three,
    ):
        answers = await asyncio.gather(
            *(
                store.record_trial_event(f"user{number}", event)
                for number in range(40)
                for event in ("signup", "started")
                for store in (one, two, three)
            )
        )

        assert sum(answers) == 80
        assert (await one.trials(1)).events == {"signup": 40, "started": 40, "converted": 0, "expired": 0}


async def test_no_id_reaches_redis(redis_url: str, redis_client: redis.Redis, clock: FakeClock) -> None:
    """Keys and values hold digests; without a setting all readers share one key for them."""
    for _ in range(2):
        async with MetricsStore(redis_url, clock=clock) as store:
            await post(store, "ann@example.org", "signup")

    keys = redis_client.keys("*")
    assert len([key for key in keys if b"user:" in key]) == 1
    for key in keys:
        assert b"ann" not in key
        assert b"ann" not in redis_client.dump(key)
        assert 0 < redis_client.ttl(key) <= DAY_RETENTION_SECONDS


async def test_the_operators_key_makes_the_digests(redis_url: str, redis_client: redis.Redis) -> None:
    """Then none is kept in Redis."""
    settings = Settings.load({}, redis_url=redis_url, trial_hash_key="s3cret")
    async with MetricsStore(settings=settings) as store:
        await post(store, "ann", "signup")

    digest = "1d1914399cc4a1d1dc0f159ec30c59ed"
    assert redis_client.exists(KEYS.trial_user(digest)) == 1
    assert redis_client.exists(KEYS.trial_hash_key()) == 0
    assert "s3cret" not in repr(settings)


async def test_users_are_forgotten(store: MetricsStore, clock: FakeClock, redis_client: redis.Redis) -> None:
    """Whoever did nothing for 100 days stands nowhere once somebody else comes."""
    await post(store, "ann", "started")
    clock.advance(DAY_RETENTION_SECONDS)
    await post(store, "bob", "signup")

    assert (await store.trials(1)).states == {"signed_up": 1, "active": 0, "converted": 0, "expired": 0}
    assert redis_client.exists(KEYS.trial_state("started")) == 0


async def test_no_more_users_than_there_is_room_for(
    store: MetricsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One too many is refused, whoever is known goes on."""
    monkeypatch.setattr(trials, "MAX_USERS", 2)
    await post(store, "ann", "signup")
    await post(store, "bob", "signup")

    with pytest.raises(TrialsFullError):
        await post(store, "eve", "signup")
    assert await post(store, "bob", "started") == [True]
    assert (await store.trials(1)).events == {"signup": 2, "started": 1, "converted": 0, "expired": 0}


async def test_plans_past_the_bound_count_as_other(
    store: MetricsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The events themselves stay exact."""
    monkeypatch.setattr(trials, "MAX_DAY_FIELDS", 3)
    for number in range(4):
        await post(store, f"u{number}", "signup", plan=f"plan:{number}")

    period = await store.trials(1)
    assert period.events["signup"] == 4
    assert {plan: counts["signup"] for plan, counts in period.plans.items()} == {
        "__other__": 2,
        "plan:0": 1,
        "plan:1": 1,
    }


async def test_keys_of_others_are_left_out(store: MetricsStore, redis_client: redis.Redis) -> None:
    """A day or a state that cannot be read is unknown and noted; nothing is written over."""
    await post(store, "ann", "signup")
    redis_client.set(KEYS.trial_state("started"), "mine")
    redis_client.hset(KEYS.trial_day("2024-05-14"), "signup", "many")
    redis_client.set(KEYS.trial_day("2024-05-13"), "mine")

    period = await store.trials(3)
    assert (period.corrupt_keys, period.events["signup"], period.days_with_data) == (3, 1, ("2024-05-15",))
    assert period.states == {"signed_up": 1, "converted": 0, "expired": 0}
    with pytest.raises(StoreUnavailableError, match="holds something else"):
        await post(store, "bob", "signup")
    redis_client.delete(KEYS.trial_hash_key())
    redis_client.lpush(KEYS.trial_hash_key(), "x")
    with pytest.raises(StoreUnavailableError, match="holds something else"):
        await post(store, "bob", "signup")


async def test_a_cluster_keeps_them_in_one_slot() -> None:
    """The script finds all its keys at one node."""
    with RedisCluster(has_replicas=False) as cluster:
        async with MetricsStore(cluster.url) as store:
            assert await post(store, "ann", "signup", "started", "converted", plan="pro") == [True] * 3
            await store.post_gauges({"active_api_keys": {("active",): 3}})

            period = await store.trials(2)
            assert period.events == {"signup": 1, "started": 1, "converted": 1, "expired": 0}
            assert [(gauge.name, gauge.labels, gauge.value) for gauge in await store.gauges()] == [
                ("active_api_keys", ("active",), 3),
                ("trial_active", ("active",), 0),
                ("trial_active", ("converted",), 1),
                ("trial_active", ("expired",), 0),
                ("trial_active", ("signed_up",), 0),
            ]


async def test_the_store_in_memory_counts_too(clock: FakeClock) -> None:
    async with MetricsStore("memory://trials", clock=clock) as store:
        assert await post(store, "ann", "signup", "signup", plan="pro") == [True, False]
        assert (await store.trials(1)).plans == {
            "pro": {"signup": 1, "started": 0, "converted": 0, "expired": 0}
        }
