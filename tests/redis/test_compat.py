"""The older interface, against a real Redis: it reads what it wrote."""

from collections.abc import AsyncIterator

import pytest
import redis

from tests.support.clock import FakeClock
from tests.support.redis_server import RedisServer
from tests.support.written import series_totals
from tokenpulse import RedisMetrics
from tokenpulse_shared.errors import SettingsError, StoreUnavailableError

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(time=NOW)


@pytest.fixture
async def metrics(redis_url: str, clock: FakeClock) -> AsyncIterator[RedisMetrics]:
    """Give an instance that flushes only when it is read or closed."""
    async with RedisMetrics(redis_url, clock=clock, flush_interval=60) as held:
        yield held


async def test_health_is_a_number_for_each_provider(metrics: RedisMetrics) -> None:
    """Eight of ten at 2 s are 80.0; two requests are too few to tell, so is none: 100.0."""
    for number in range(10):
        await metrics.record_request("acme", "chat-1", 2000.0, number < 8, None)
    for _ in range(2):
        await metrics.record_request("rare", "chat-1", 2000.0, False, None)

    assert await metrics.get_provider_health("acme") == 80.0  # 100·(0.7·0.8 + 0.3·0.8)
    assert await metrics.get_provider_health("never") == 100.0
    assert await metrics.get_all_provider_health() == {"acme": 80.0, "rare": 100.0}


async def test_errors_are_newest_first(metrics: RedisMetrics, clock: FakeClock) -> None:
    """Each with what is known of it."""
    for number in range(3):
        clock.advance(1)
        await metrics.record_request("acme", "chat-1", 40.0, False, None, error_message=f"boom {number}")

    errors = await metrics.get_recent_errors("acme")
    assert [error["error"] for error in errors] == ["boom 2", "boom 1", "boom 0"]
    assert await metrics.get_recent_errors("acme", limit=1) == [
        {
            "model": "chat-1",
            "error": "boom 2",
            "type": "other",
            "status": None,
            "timestamp": NOW + 3,
            "latency_ms": 40.0,
        }
    ]
    assert await metrics.get_recent_errors("never") == []


async def test_hours_hold_exact_sums(metrics: RedisMetrics, clock: FakeClock) -> None:
    """The cost is that of the priced requests; an hour without requests is left out."""
    await metrics.record_request("acme", "chat-1", 100.0, True, 0.001, tokens_input=10, tokens_output=4)
    await metrics.record_request("acme", "chat-2", 100.0, True, 0.0025, tokens_input=1, tokens_output=2)
    await metrics.record_request("acme", "chat-1", 100.0, False, None)
    clock.advance(7200)
    await metrics.record_request("acme", "chat-1", 100.0, True, None)

    assert await metrics.get_hourly_stats("acme") == {
        "2024-05-15:10": {
            "total_requests": 3,
            "successful_requests": 2,
            "failed_requests": 1,
            "tokens_input": 11,
            "tokens_output": 6,
            "total_cost": 0.0035,
        },
        "2024-05-15:12": {
            "total_requests": 1,
            "successful_requests": 1,
            "failed_requests": 0,
            "tokens_input": 0,
            "tokens_output": 0,
            "total_cost": 0.0,
        },
    }
    assert list(await metrics.get_hourly_stats("acme", hours=1)) == ["2024-05-15:12"]


async def test_percentiles_are_within_the_sketch_s_error(metrics: RedisMetrics) -> None:
    """Of 1 … 100 ms; the average is exact; without data there are none."""
    for latency_ms in range(1, 101):
        await metrics.record_request("acme", "chat-1", latency_ms, True, None)

    answer = await metrics.get_latency_percentiles("acme", "chat-1", (50, 99.5))
    assert answer == {
        "count": 100,
        "avg": pytest.approx(50.5),
        "p50": pytest.approx(50.0, rel=0.011),
        "p99.5": pytest.approx(100.0, rel=0.011),
    }
    assert await metrics.get_latency_percentiles("acme", "never") == {
        "count": 0,
        "avg": None,
        "p50": None,
        "p95": None,
        "p99": None,
    }


async def test_the_end_flushes(redis_url: str, redis_client: redis.Redis, clock: FakeClock) -> None:
    """Nothing was read, everything is in Redis when the block has ended."""
    async with RedisMetrics(redis_url, clock=clock, flush_interval=60) as metrics:
        await metrics.record_request("acme", "chat-1", 1.0, True, None, 3, 2)

    totals = series_totals(redis_client, "acme", "chat-1")
    assert (totals["total_requests"], totals["tokens_input"], totals["tokens_output"]) == (1, 3, 2)


async def test_without_redis_reading_fails_and_recording_does_not(redis_server: RedisServer) -> None:
    """Unknown is an error, never a number."""
    redis_server.kill()
    async with RedisMetrics(redis_server.url, flush_interval=60) as metrics:
        await metrics.record_request("acme", "chat-1", 1.0, True, None)
        with pytest.raises(StoreUnavailableError):
            await metrics.get_provider_health("acme")
        with pytest.raises(StoreUnavailableError):
            await metrics.get_hourly_stats("acme")


def test_a_wrong_setting_stops_the_start(redis_url: str) -> None:
    """As it does for the recorder beneath."""
    with pytest.raises(SettingsError, match="flush_interval"):
        RedisMetrics(redis_url, flush_interval=0)
