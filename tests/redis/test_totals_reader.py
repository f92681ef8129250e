"""Totals are read from a real Redis as the recorder wrote them."""

import logging
from collections.abc import Callable
from contextlib import closing

import pytest
import redis

from tests.support.redis_server import RedisServer
from tokenpulse.recorder import Recorder
from tokenpulse.sink import HttpExchange
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.redis_client import connect_async
from tokenpulse_shared.redis_reads import RedisReads
from tokenpulse_shared.totals import totals_reader
from tokenpulse_shared.totals.totals_reader import TotalsReader
from tokenpulse_shared.totals.totals_records import Totals

KEYS = Keyspace()


async def _load(url: str) -> Totals:
    async with connect_async(url) as client:
        return await TotalsReader(RedisReads(client), KEYS).load()


def _record(url: str) -> None:
    with closing(Recorder(redis_url=url)) as recorder:
        for latency_ms in (100, 200, 31_000):
            recorder.record(
                provider="openai",
                model="openai/gpt-4o",
                latency_ms=latency_ms,
                success=True,
                cost=0.5,
                tokens_input=10,
                tokens_output=20,
                ttft_ms=50,
            )
        recorder.record(provider="a:{b}", model="c d%/é", latency_ms=1, success=False, error_message="down")
        recorder.count_http(HttpExchange("GET", "/x/{id}", 200, 0.2, 10, 2_000, None))
        assert recorder.flush()


async def test_totals_are_what_was_recorded(redis_url: str) -> None:
    """Names, counters, buckets, sums, the app, the server."""
    _record(redis_url)

    totals = await _load(redis_url)

    held = {(provider, model): series for provider, model, series in totals.models}
    series = held["openai", "openai/gpt-4o"]
    latency = series.histograms["latency_success"]
    assert sorted(held) == [("a:{b}", "c d%/é"), ("openai", "openai/gpt-4o")]
    assert series.counters["total_requests"] == 3
    assert series.counters["tokens_output"] == 60
    assert series.counters["total_cost"] == 1_500_000_000
    assert (latency.value_count, latency.sum) == (3, 31_300_000)
    assert held["a:{b}", "c d%/é"].counters["failed_requests"] == 1
    assert totals.providers["openai"].counters["total_requests"] == 3
    (app,) = totals.apps
    assert app.requests == {("GET", "/x/{id}", "200"): 1}
    assert app.response_sizes["GET", "/x/{id}"].sum == 2_000
    assert totals.redis is not None
    assert totals.redis.numbers["used_memory"] > 0
    assert sum(totals.redis.keys.values()) > 0
    assert (totals.corrupt_keys, totals.unreadable_fields) == ((), 0)


async def test_other_is_read_though_no_index_lists_it(redis_url: str, redis_client: redis.Redis) -> None:
    """What was not admitted counts under __other__."""
    redis_client.zadd(KEYS.providers(), {"openai": 1})
    redis_client.hset(KEYS.totals("openai", "__other__"), "total_requests", "2")
    redis_client.hset(KEYS.totals("__other__", "__other__"), "total_requests", "3")

    totals = await _load(redis_url)

    assert [(provider, model) for provider, model, _ in totals.models] == [
        ("__other__", "__other__"),
        ("openai", "__other__"),
    ]


async def test_an_empty_store_has_no_totals(redis_url: str) -> None:
    """Nothing is nothing, not zero."""
    totals = await _load(redis_url)

    assert (totals.providers, totals.models, totals.apps) == ({}, (), ())


async def test_keys_that_are_not_ours_are_left_out_and_logged_once(
    redis_url: str, redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """The rest is served."""
    _record(redis_url)
    redis_client.set(KEYS.totals("openai", "openai/gpt-4o"), "theirs")
    redis_client.set(KEYS.writers("app"), "theirs")
    redis_client.zadd(KEYS.providers(), {b"\xff\xfe": 1})

    with caplog.at_level(logging.WARNING):
        async with connect_async(redis_url) as client:
            reader = TotalsReader(RedisReads(client), KEYS)
            await reader.load()
            totals = await reader.load()

    assert totals.corrupt_keys == (KEYS.totals("openai", "openai/gpt-4o"), KEYS.writers("app"))
    assert totals.unreadable_fields == 1
    assert [model for _, model, _ in totals.models] == ["c d%/é"]
    assert [record.getMessage() for record in caplog.records if record.name == "tokenpulse.store"] == [
        f"totals key is not ours, left out: {key}" for key in totals.corrupt_keys
    ]


async def test_an_index_that_is_not_ours_reads_as_empty(redis_url: str, redis_client: redis.Redis) -> None:
    """It is named, and nothing is guessed in its place."""
    redis_client.set(KEYS.providers(), "theirs")

    assert (await _load(redis_url)).corrupt_keys == (KEYS.providers(),)


async def test_many_series_take_several_trips(
    redis_url: str, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No series is lost at the edges of a trip."""
    monkeypatch.setattr(totals_reader, "HASHES_PER_TRIP", 2)
    redis_client.zadd(KEYS.providers(), {"p": 1})
    for number in range(5):
        redis_client.zadd(KEYS.models("p"), {f"m{number}": 1})
        redis_client.hset(KEYS.totals("p", f"m{number}"), "total_requests", str(number + 1))

    totals = await _load(redis_url)

    assert {model: series.counters["total_requests"] for _, model, series in totals.models} == {
        f"m{number}": number + 1 for number in range(5)
    }


async def test_info_is_asked_again_only_after_a_while(redis_url: str, redis_client: redis.Redis) -> None:
    """A scrape every second does not ask INFO every second."""

    class Clock:
        now = 0.0

        def monotonic(self) -> float:
            return self.now

        def time(self) -> float:
            raise AssertionError("epoch seconds are Redis' own")

    clock = Clock()
    async with connect_async(redis_url) as client:
        reader = TotalsReader(RedisReads(client), KEYS, clock)
        first = (await reader.load()).redis
        clock.now = totals_reader.INFO_SECONDS - 0.1
        second = (await reader.load()).redis
        clock.now = totals_reader.INFO_SECONDS
        third = (await reader.load()).redis

    assert second is first
    assert third is not first


async def test_a_server_that_refuses_info_has_no_info(redis_servers: Callable[..., RedisServer]) -> None:
    """Managed servers may forbid it; all else is served."""
    server = redis_servers()
    with server.client() as client:
        client.execute_command("ACL SETUSER", "default", "-info")

    assert (await _load(server.url)).redis is None


async def test_a_server_that_is_away_is_an_error(redis_server: RedisServer) -> None:
    """Never zeros."""
    redis_server.kill()

    with pytest.raises(StoreUnavailableError, match="connection refused"):
        await _load(redis_server.url)


async def test_a_server_that_refuses_is_an_error(redis_servers: Callable[..., RedisServer]) -> None:
    """A password that is missing is not an empty store."""
    server = redis_servers()
    with server.client() as client:
        client.config_set("requirepass", "secret")

    with pytest.raises(StoreUnavailableError, match="authentication required"):
        await _load(server.url)


async def test_a_command_that_is_forbidden_is_an_error(
    redis_servers: Callable[..., RedisServer],
) -> None:
    """Hashes that may not be read are not empty ones."""
    server = redis_servers()
    with server.client() as client:
        client.execute_command("ACL SETUSER", "default", "-hgetall")

    with pytest.raises(StoreUnavailableError, match="not permitted: hgetall"):
        await _load(server.url)


async def test_the_embedded_store_has_totals_too() -> None:
    """memory:// answers every command the reader sends."""
    url = "memory://totals-reader"
    _record(url)

    totals = await _load(url)

    assert [model for _, model, _ in totals.models] == ["c d%/é", "openai/gpt-4o"]
