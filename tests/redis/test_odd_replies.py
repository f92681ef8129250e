"""Tests of replies that are not those of their commands."""

import pytest
import redis

from tests.support.chaos_proxy import ChaosProxy
from tests.support.redis_server import RedisServer
from tokenpulse_shared.redis_client import connect, connect_async


def test_a_number_that_is_none_is_refused(redis_server: RedisServer) -> None:
    """A list came in between, where ZADD answers a number; afterwards a new connection answers right."""
    with ChaosProxy(redis_server.port) as proxy, connect(proxy.url) as client:
        client.ping()
        proxy.plan.break_next("stray_reply")
        with pytest.raises(redis.exceptions.InvalidResponse, match="another shape"):
            client.zadd("index", {"a": 1.0})

        assert client.zadd("index", {"b": 1.0}) == 1
        assert client.hgetall("none") == {}


async def test_a_reader_refuses_it_too(redis_server: RedisServer) -> None:
    """The same, asyncio."""
    with ChaosProxy(redis_server.port) as proxy:
        client = connect_async(proxy.url)
        await client.ping()
        proxy.plan.break_next("stray_reply")
        with pytest.raises(redis.exceptions.InvalidResponse, match="another shape"):
            await client.info("server")

        assert await client.hgetall("none") == {}
        assert await client.info("server")
        await client.aclose()
