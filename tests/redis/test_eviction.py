"""Tests of a server that drops keys by itself: eviction, FLUSHALL and expiry, also in the middle of a retry."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis

from tests.support.proxy import FaultProxy
from tests.support.redis_server import RedisServer
from tests.support.written import KEYS, total
from tokenpulse.recorder import Recorder
from tokenpulse_shared.keyspace import Keyspace

MakeRecorder = Callable[..., Recorder]


@pytest.fixture
def evicting(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """Give a client of a server that has evicted keys of others, and has room now."""
    with redis_server.client() as client:
        client.config_set("maxmemory-policy", "allkeys-random")
        client.config_set("maxmemory", int(client.info("memory")["used_memory"]) + 200_000)
        for number in range(300):
            client.set(f"filler:{number}", "x" * 10_000)
        assert client.info("stats")["evicted_keys"] > 0
        client.config_set("maxmemory", 0)
        client.flushdb()
        yield client


def _record(recorder: Recorder, requests: int) -> None:
    for _ in range(requests):
        recorder.record(provider="p", model="m")


def test_an_evicted_guard_doubles_nothing(
    redis_server: RedisServer,
    evicting: redis.Redis,
    make_recorder: MakeRecorder,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The guard goes with the provider's totals; what is left of its models goes on, exact, and it is said."""
    recorder = make_recorder(redis_server.url)
    for requests in (1, 10, 100):
        _record(recorder, requests)
        assert recorder.flush()
    evicting.delete(KEYS.totals("p"))
    _record(recorder, 1_000)
    assert recorder.flush()

    assert (total(evicting, "p"), total(evicting, "p", "m")) == (1_000, 1_111)
    counts = recorder.stats()["counts"]
    assert (counts["evicted_guards"], counts.get("replayed", 0)) == (1, 0)
    assert "redis evicts keys, counts are lost: set its maxmemory-policy to noeviction" in caplog.text

    _record(recorder, 1)
    assert recorder.flush()

    assert (total(evicting, "p"), total(evicting, "p", "m")) == (1_001, 1_112)


def test_a_series_that_was_evicted_starts_again(
    redis_server: RedisServer, evicting: redis.Redis, make_recorder: MakeRecorder
) -> None:
    """A model's totals gone alone: it counts from then on, its provider's count all."""
    recorder = make_recorder(redis_server.url)
    for requests in (1, 10):
        _record(recorder, requests)
        assert recorder.flush()
        evicting.delete(KEYS.totals("p", "m"))
    _record(recorder, 100)
    assert recorder.flush()

    assert (total(evicting, "p"), total(evicting, "p", "m")) == (111, 100)


def test_eviction_at_any_moment_breaks_nothing(
    redis_server: RedisServer, make_recorder: MakeRecorder
) -> None:
    """A server so small that it evicts all the time is written to all the same; no count is ever too high."""
    with redis_server.client() as client:
        client.config_set("maxmemory-policy", "allkeys-random")
        client.config_set("maxmemory", int(client.info("memory")["used_memory"]) + 700_000)
        recorder = make_recorder(redis_server.url)
        sent = 0
        for turn in range(20):
            for model in range(200):
                recorder.record(provider="p", model=f"m{model}", latency_ms=turn)
                sent += 1
            recorder.flush()

            assert total(client, "p") <= sent
            assert all(total(client, "p", f"m{model}") <= turn + 1 for model in range(200))
        assert client.info("stats")["evicted_keys"] > 0
        assert [name for name in recorder.stats()["counts"] if name.startswith("error:")] == []


@contextmanager
def _cut_recorder(server: RedisServer) -> Iterator[tuple[Recorder, FaultProxy]]:
    """Give a recorder that has flushed 1 and 10 requests, whose next 100 reached Redis without an answer."""
    with FaultProxy(server.port) as proxy:
        recorder = Recorder(proxy.url)
        recorder._started = True
        for requests in (1, 10):
            _record(recorder, requests)
            assert recorder.flush()
        proxy.drop_reply_to(b'"increments"')
        _record(recorder, 100)
        assert not recorder.flush()
        yield recorder, proxy
        recorder._client.close()


def test_flushall_during_a_retry_restores_everything(redis_server: RedisServer) -> None:
    """What was acknowledged comes back from the ring, what was not is sent again: each once."""
    with _cut_recorder(redis_server) as (recorder, _), redis_server.client() as client:
        assert total(client, "p") == 111

        client.flushall()
        assert any(recorder.flush() for _ in range(5))

        assert (total(client, "p"), total(client, "p", "m")) == (111, 111)
        assert {name.decode() for name in client.zrange(KEYS.models("p"), 0, -1)} == {"m"}


def test_expiry_during_a_retry_restores_everything(redis_server: RedisServer) -> None:
    """The same when every key with a time to live is over at that moment."""
    with _cut_recorder(redis_server) as (recorder, _), redis_server.client() as client:
        for key in client.scan_iter("*{p}*"):
            client.pexpire(key, 0)
        assert any(recorder.flush() for _ in range(5))

        assert (total(client, "p"), total(client, "p", "m")) == (111, 111)


def test_flushall_before_the_first_answer_counts_once(
    redis_server: RedisServer, make_recorder: MakeRecorder
) -> None:
    """The very first batch, lost with its guard before the writer heard of it, is simply applied."""
    with FaultProxy(redis_server.port) as proxy, redis_server.client() as client:
        other = make_recorder(redis_server.url)  # so that the server knows the script
        other.record(provider="q", model="m")
        assert other.flush()
        recorder = make_recorder(proxy.url)
        recorder.record(provider="p", model="m")
        proxy.drop_reply_to(b'"increments"')

        assert not recorder.flush()
        assert total(client, "p") == 1

        client.flushall()

        assert recorder.flush()
        assert total(client, "p") == 1


def test_another_prefix_is_another_world(redis_server: RedisServer, make_recorder: MakeRecorder) -> None:
    """Losing one deployment's keys costs the other nothing."""
    mine, theirs = make_recorder(redis_server.url), make_recorder(redis_server.url, key_prefix="theirs:")
    for recorder in (mine, theirs):
        _record(recorder, 5)
        assert recorder.flush()
    with redis_server.client() as client:
        for key in client.scan_iter("theirs:*"):
            client.delete(key)
        for recorder in (mine, theirs):
            _record(recorder, 1)
            assert any(recorder.flush() for _ in range(5))

        assert total(client, "p") == 6
        assert client.hget(Keyspace("theirs:").totals("p"), "total_requests") == b"6"
        assert "gaps" not in mine.stats()["counts"]
