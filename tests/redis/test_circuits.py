"""Breakers of all providers, read in few round trips."""

from collections.abc import Callable

import redis

from tests.support.clock import FakeClock
from tokenpulse.recorder import Recorder
from tokenpulse_shared.circuits.circuits_reader import CIRCUITS_PER_TRIP
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.store import MetricsStore

NOW = 1_715_769_020.0
KEYS = Keyspace()


def _round_trips(client: redis.Redis) -> int:
    """Return how often the reader asked for breakers: each trip asks for the time once."""
    return int(client.info("commandstats").get("cmdstat_time", {"calls": 0})["calls"])


async def test_breakers_of_all_providers_come_in_one_round_trip(
    redis_url: str, redis_client: redis.Redis, open_recorder: Callable[..., Recorder]
) -> None:
    """By provider, then model, whatever the number of providers."""
    clock = FakeClock(NOW)
    recorder = open_recorder(redis_url=redis_url, clock=clock)
    names = [(provider, model) for provider in ("a", "b:c", "d") for model in ("m", "n/o")]
    for provider, model in names:
        recorder.record(provider=provider, model=model, latency_ms=1.0)
    recorder.flush()
    recorder.close()
    async with MetricsStore(redis_url, clock=clock) as store:
        redis_client.config_resetstat()
        found = await store.circuits()

    assert [(status.provider, status.model) for status in found] == names
    assert _round_trips(redis_client) == 1


async def test_many_breakers_come_in_bounded_round_trips(redis_url: str, redis_client: redis.Redis) -> None:
    """All of them, in order; none at the seam is lost."""
    models = [f"m{number:04}" for number in range(CIRCUITS_PER_TRIP + 1)]
    redis_client.zadd(KEYS.providers(), {"p": 1})
    redis_client.zadd(KEYS.models("p"), dict.fromkeys(models, 1))
    async with MetricsStore(redis_url, clock=FakeClock(NOW)) as store:
        redis_client.config_resetstat()
        found = await store.circuits()

    assert [status.model for status in found] == models
    assert _round_trips(redis_client) == 2


async def test_a_breaker_that_cannot_be_read_is_left_out(redis_url: str, redis_client: redis.Redis) -> None:
    """A state nobody knows is not shown as CLOSED; it is counted as another's key."""
    redis_client.zadd(KEYS.providers(), {"p": 1})
    redis_client.zadd(KEYS.models("p"), {"good": 1, "odd": 1})
    redis_client.hset(KEYS.circuit("p", "odd"), "state", "banana")
    async with MetricsStore(redis_url, clock=FakeClock(NOW)) as store:
        assert [status.model for status in await store.circuits()] == ["good"]
        assert store.corrupt_keys == 1
