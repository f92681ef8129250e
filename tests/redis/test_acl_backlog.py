"""Tests of rights that are taken away while counts wait packed for Redis."""

from collections.abc import Callable, Iterator

import pytest
import redis

from tests.support.acl import change_user, user_url
from tests.support.ledger import load_request_count
from tests.support.redis_server import RedisServer
from tokenpulse.recorder import Recorder
from tokenpulse_shared.store import MetricsStore


@pytest.fixture
def admin(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """Give a client that may do everything."""
    with redis_server.client() as client:
        yield client


def _record(recorder: Recorder, times: int) -> None:
    for _ in range(times):
        recorder.record(provider="p", model="m", latency_ms=5)


@pytest.mark.parametrize("missing", ["get", "set", "hincrby"])
async def test_a_backlog_waits_for_the_right_to_count(
    redis_server: RedisServer, admin: redis.Redis, make_recorder: Callable[..., Recorder], missing: str
) -> None:
    """Nothing of a batch of packed windows is applied without the rights for all of its counts."""
    recorder = make_recorder(user_url(redis_server, "writer"))
    _record(recorder, 1)
    assert recorder.flush() is True

    change_user(admin, "writer", f"-{missing}")
    _record(recorder, 4)
    recorder._intake.settle()
    recorder._pipeline.set_aside()
    assert recorder.flush() is False

    change_user(admin, "writer", f"+{missing}")
    assert recorder.flush() is True

    assert load_request_count(admin) == 5
    assert recorder.stats()["counts"].get("rejected_increments", 0) == 0
    async with MetricsStore(redis_server.url) as store:
        window = (await store.model_window("p", "m", hours=2)).total()
    assert window.counters["total_requests"] == 5
    assert window.sketch("latency").count == 5
