"""Tests that windows follow Redis's clock: hosts whose own are skewed or jump change nothing."""

import time
from typing import Any

import orjson
import pytest
import redis

from tests.support.asgi import CHAT, Server, body, http_scope, request, start
from tests.support.clock import FakeClock
from tests.support.faked_redis import FakedRedis
from tests.support.skewed_hosts import (
    NOON,
    SKEWS,
    MakeFollower,
    SkewedClock,
    expected_windows,
    model_windows,
)
from tests.support.written import KEYS, series_totals, total
from tokenpulse import TokenPulseMiddleware
from tokenpulse_shared.keyspace import stamp
from tokenpulse_shared.store import MetricsStore


def test_skewed_hosts_write_into_the_same_windows(faked: FakedRedis, make_follower: MakeFollower) -> None:
    """Five minutes ahead or behind, before Redis first answered and after it: every request is in Redis's minute."""
    recorders = [make_follower(faked.url, FakeClock(NOON + skew)) for skew in SKEWS]
    for recorder in recorders:
        for _ in range(100):  # more than a batch, folded before the first flush
            recorder.record(provider="p", model="m")
        assert recorder.flush()
        recorder.record(provider="p", model="m")
        assert recorder.flush()

    with faked.server.client() as client:
        assert model_windows(client) == expected_windows({NOON: 303})
    assert [recorder.stats()["clock_offset_seconds"] for recorder in recorders] == [300.0, 0.0, -300.0]


def test_skewed_hosts_follow_a_clock_that_runs(
    redis_url: str, redis_client: redis.Redis, make_follower: MakeFollower
) -> None:
    """The same with clocks that run on: nothing is outside of the time that the test took, as Redis tells it."""
    began = redis_client.time()[0]
    for skew in SKEWS:
        recorder = make_follower(redis_url, SkewedClock(skew))
        recorder.record(provider="p", model="m")
        assert recorder.flush()
        assert recorder.stats()["clock_offset_seconds"] == pytest.approx(-skew, abs=1)
    ended = redis_client.time()[0]

    windows = model_windows(redis_client)
    assert set(windows) <= {*expected_windows({began: 1}), *expected_windows({ended: 1})}
    assert sum(windows.values()) == 3 * 3
    assert total(redis_client, "p") == 3


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_jumps_of_a_hosts_clock_move_nothing(
    faked: FakedRedis, make_follower: MakeFollower, jump: float
) -> None:
    """By an hour, before the first flush, between record and flush, between flushes: the windows are Redis's."""
    clock = FakeClock(NOON - 250.0)
    recorder = make_follower(faked.url, clock)
    for _ in range(4):
        recorder.record(provider="p", model="m", success=False)
        clock.jump(jump)
        recorder.record(provider="p", model="m", success=False)
        assert recorder.flush()
        clock.jump(-2 * jump)

    with faked.server.client() as client:
        assert model_windows(client) == expected_windows({NOON: 8})
        errors = [orjson.loads(entry) for entry in client.lrange(KEYS.errors("p"), 0, -1)]
    assert {error["timestamp"] for error in errors} == {NOON}


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
async def test_a_jump_within_a_request_changes_no_duration(
    faked: FakedRedis, make_follower: MakeFollower, jump: float
) -> None:
    """A request of two seconds during which the host's clock is set took two seconds, in Redis's minute."""
    clock = FakeClock(NOON + 7.0)
    recorder = make_follower(faked.url, clock)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        clock.advance(0.5)
        await send(start(200, (b"content-type", b"application/json")))
        clock.jump(jump)
        clock.advance(1.5)
        await send(body(b"{}"))

    server = Server([request(b'{"model": "p/m"}')])
    await TokenPulseMiddleware(app, recorder=recorder)(http_scope(CHAT), server.receive, server.send)
    assert recorder.flush()

    with faked.server.client() as client:
        totals = series_totals(client, "p")
        assert (totals["latency_us"], totals["ttfb_us"]) == (2_000_000, 500_000)
        assert model_windows(client, "p/m") == expected_windows({NOON: 1})


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_redis_whose_clock_is_set_is_followed(
    faked: FakedRedis, make_follower: MakeFollower, step: float
) -> None:
    """After a failover to a server whose clock differs the next windows are that server's; nothing is lost."""
    clock = FakeClock(NOON)
    recorder = make_follower(faked.url, clock)
    recorder.record(provider="p", model="m")
    assert recorder.flush()
    faked.stop_clock(NOON + step)
    recorder.record(provider="p", model="m")  # dated by what is known: the old clock
    assert recorder.flush()
    recorder.record(provider="p", model="m")
    assert recorder.flush()

    with faked.server.client() as client:
        assert model_windows(client) == expected_windows({NOON: 2, NOON + step: 1})
        assert total(client, "p") == 3
    assert recorder.stats()["clock_offset_seconds"] == step


def test_an_absurd_time_of_redis_is_not_followed(
    faked: FakedRedis, make_follower: MakeFollower, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that says 1970 is written to by the host's own clock, and it is said; once set right it is followed."""
    faked.stop_clock(600.0)
    recorder = make_follower(faked.url, FakeClock(NOON + 120.0))
    for _ in range(2):
        recorder.record(provider="p", model="m")
        assert recorder.flush()

    with faked.server.client() as client:
        assert model_windows(client) == expected_windows({NOON + 120.0: 2})
        assert recorder.stats()["counts"]["fault:redis_time_absurd"] >= 2
        assert "redis tells an absurd time, this host's is used: 600" in caplog.text

        faked.stop_clock(NOON)  # what has a time to live is over at once: the ring brings it back
        for _ in range(2):
            recorder.record(provider="p", model="m")
            assert any(recorder.flush() for _ in range(5))  # what one group lost, the others are asked for

        assert total(client, "p") == 4
        assert model_windows(client)[stamp("minute", NOON)] >= 1


async def test_a_reader_follows_redis_but_no_absurd_time(faked: FakedRedis) -> None:
    """Readers go by the clock that the writers go by: Redis's, the host's own where that says 1970."""
    async with MetricsStore(faked.url) as store:
        assert await store.now() == pytest.approx(NOON, abs=1)

    faked.stop_clock(600.0)
    async with MetricsStore(faked.url) as store:
        assert await store.now() == pytest.approx(time.time(), abs=1)
