"""What the reader's numbers rest on stands beside them: what is missing, what could not be read."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import redis

from tests.support.clock import FakeClock
from tests.support.reader_client import reader_client
from tokenpulse.recorder import Recorder
from tokenpulse_shared.keyspace import Keyspace

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
KEYS = Keyspace()


@pytest.fixture
async def reader(
    redis_url: str, redis_client: redis.Redis, open_recorder: Callable[..., Recorder]
) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a reader whose store holds one priced call in three, and one minute of another's."""
    clock = FakeClock(NOW - 120)
    recorder = open_recorder(redis_url=redis_url, clock=clock)
    recorder.record(provider="p", model="m", latency_ms=20.0, cost=0.25, tokens_input=3, tokens_output=4)
    recorder.record(provider="p", model="m", latency_ms=20.0)
    clock.advance(120)
    recorder.record(provider="p", model="m", latency_ms=20.0, tokens_input=1, tokens_output=1)
    recorder.flush()
    recorder.close()
    async with reader_client(redis_url, clock=clock) as client:
        yield client


async def get(client: httpx.AsyncClient, path: str) -> Any:
    response = await client.get(path)
    assert response.status_code == 200, response.text
    return response.json()


async def test_sums_say_how_many_requests_they_lack(reader: httpx.AsyncClient) -> None:
    """A cost of 0.25 USD for three requests, two of which have no price; tokens without one request's."""
    realtime = await get(reader, "/api/monitoring/stats/realtime")
    hourly = await get(reader, "/api/monitoring/stats/hourly/p")

    mine = realtime["providers"]["p"]
    for counts in (mine, mine["hourly_breakdown"]["2024-05-15:10"], hourly["data"]["2024-05-15:10"]):
        assert (counts["total_requests"], counts["total_cost"]) == (3, 0.25)
        assert (counts["tokens_input"], counts["tokens_output"]) == (4, 5)
        assert (counts["unpriced_requests"], counts["requests_without_usage"]) == (2, 1)


async def test_the_mean_lies_between_the_ends(reader: httpx.AsyncClient) -> None:
    """The ends are within 1.1 %, the mean is exact: an end on the wrong side of it gives way."""
    for hours in (1, 24):
        body = await get(reader, f"/api/monitoring/latency/p/m?hours={hours}")
        assert body["min"] <= body["avg"] == 20.0 <= body["max"]
        assert body["max"] - body["min"] <= 0.022 * 20.0


async def test_percentiles_are_named_as_they_were_asked_for(reader: httpx.AsyncClient) -> None:
    """No exponents, no trailing zeros."""
    body = await get(reader, "/api/monitoring/latency/p/m?percentiles=0.00001,50.0,99.90,100")
    assert {name for name in body if name[0] == "p" and name[1].isdigit()} == {
        "p0.00001",
        "p50",
        "p99.9",
        "p100",
    }


async def test_keys_that_were_left_out_are_told(
    reader: httpx.AsyncClient, redis_url: str, redis_client: redis.Redis
) -> None:
    """Numbers that lack a minute, because its key holds something else, say so; whole ones do not."""
    whole = await get(reader, "/api/monitoring/stats/realtime")
    for model in (None, "m"):
        redis_client.set(KEYS.counters("p", model, "2024-05-15:10:30"), "not a hash")
        redis_client.delete(KEYS.counters("p", model, "2024-05-15:10"))
        redis_client.set(KEYS.counters("p", model, "2024-05-15:10"), "not a hash")
    async with reader_client(redis_url, clock=FakeClock(NOW)) as client:
        realtime = await get(client, "/api/monitoring/stats/realtime")
        latency = await get(client, "/api/monitoring/latency/p/m")
        hourly = await get(client, "/api/monitoring/stats/hourly/p")
        of_model = (await get(client, "/api/metrics/realtime?type=model&id=m"))["data"]
        of_provider = (await get(client, "/api/metrics/realtime?type=provider&id=p"))["data"]

    assert "corrupt_keys" not in whole
    assert "corrupt_keys" not in whole["providers"]["p"]
    assert realtime["total_requests"] == 2
    assert realtime["corrupt_keys"] == realtime["providers"]["p"]["corrupt_keys"] == 1
    assert (latency["corrupt_keys"], hourly["corrupt_keys"]) == (1, 1)
    assert (of_model["corrupt_keys"], of_provider["corrupt_keys"]) == (1, 2)
