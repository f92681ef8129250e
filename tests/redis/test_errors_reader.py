"""Recent errors: what a reader hands on is what a writer of ours wrote."""

import orjson
import pytest
import redis

from tests.support.clock import FakeClock
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.store import MetricsStore

KEYS = Keyspace()
GOOD = {"model": "m", "error": "e", "type": "timeout", "status": 504, "timestamp": 1.5, "latency_ms": 2}


@pytest.mark.parametrize(
    "item",
    [
        b"",
        b"null",
        b"[1]",
        b"{",
        b'{"model": {"a": [1]}}',
        b'{"timestamp": "yesterday"}',
        b'{"status": 1.5}',
        b'{"latency_ms": [2]}',
        b"\xff",
    ],
)
async def test_an_item_of_another_shape_is_left_out(
    redis_url: str, redis_client: redis.Redis, item: bytes
) -> None:
    """Its neighbours stay; the key is counted as holding something else."""
    redis_client.rpush(KEYS.errors("p"), orjson.dumps(GOOD), item, b'{"error": null}')
    async with MetricsStore(redis_url, clock=FakeClock(0.0)) as store:
        errors = await store.recent_errors("p")

        assert errors == [GOOD, dict.fromkeys(GOOD)]
        assert store.corrupt_keys == 1
