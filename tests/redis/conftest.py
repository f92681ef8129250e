"""Fixtures of the tests against a real Redis."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.support.faked_redis import FakedRedis, faked_redis
from tests.support.skewed_hosts import NOON, MakeFollower, followers
from tokenpulse.recorder import Recorder
from tokenpulse_shared.redis_client import connect, connect_async, memory_server
from tokenpulse_shared.redis_reads import RedisReads


@pytest.fixture
def make_recorder(redis_url: str) -> Iterator[Callable[..., Recorder]]:
    """Give a maker of recorders without a thread: they flush only when told."""
    made: list[Recorder] = []

    def make(url: str = redis_url, **given: Any) -> Recorder:
        recorder = Recorder(url, **given)
        recorder._started = True  # no thread: each flush is the test's own
        made.append(recorder)
        return recorder

    yield make
    for recorder in made:
        recorder._client.close()


@pytest.fixture
def recorder(redis_url: str, open_recorder: Callable[..., Recorder]) -> Recorder:
    """Give a recorder of the shared Redis that flushes often once it is started."""
    return open_recorder(redis_url, flush_interval=0.05)


@pytest.fixture
def faked(tmp_path: Path) -> Iterator[FakedRedis]:
    """Give a server of this test's own whose clock stands at noon."""
    with faked_redis(tmp_path) as faked:
        faked.stop_clock(NOON)
        yield faked


@pytest.fixture
def make_follower(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeFollower]:
    """Give a maker of recorders on hosts whose clock is given."""
    with followers(monkeypatch) as make:
        yield make


@pytest.fixture
async def real_reads(redis_url: str) -> AsyncIterator[RedisReads]:
    """Give what asks the shared Redis."""
    client = connect_async(redis_url)
    yield RedisReads(client)
    await client.aclose()


@pytest.fixture(params=["redis", "memory"])
async def reads(request: pytest.FixtureRequest) -> AsyncIterator[RedisReads]:
    """Give what asks a real server, then what asks the embedded store."""
    url = request.getfixturevalue("redis_url") if request.param == "redis" else f"memory://{id(request)}"
    client = connect_async(url)
    yield RedisReads(client)
    await client.aclose()


@pytest.fixture(params=["redis", "memory"])
def client(request: pytest.FixtureRequest) -> Iterator[redis.Redis]:
    """Give a client of an empty store of each kind."""
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
    else:
        url = "memory://scripts"
        memory_server("scripts")
    with connect(url) as held:
        held.flushdb()
        yield held
