"""Batches of reads: no more at a time than there are connections, none waits for ever."""

import asyncio

import pytest
import redis

from tokenpulse_shared.connections.connection_options import READER_CONNECTIONS
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.redis_client import connect_async
from tokenpulse_shared.redis_reads import RedisReads

PAUSE_MILLISECONDS = 1_500


async def test_the_deadline_counts_the_wait_for_a_turn(redis_url: str, redis_client: redis.Redis) -> None:
    """Behind a Redis that hangs the last in the queue is told as early as the first, not turns later."""
    client = connect_async(redis_url, timeout_seconds=0.3)
    reads = RedisReads(client, deadline_seconds=0.5)
    redis_client.client_pause(PAUSE_MILLISECONDS)
    asked = [reads.one("PING") for _ in range(6 * READER_CONNECTIONS)]  # seven turns of 0.3 s: past the pause
    answers = await asyncio.gather(*asked, return_exceptions=True)
    redis_client.ping()  # answered when the pause is over
    echoed = await asyncio.gather(*(reads.one("ECHO", number) for number in range(20)))
    await client.aclose()

    assert {type(answer) for answer in answers} == {StoreUnavailableError}
    assert echoed == [str(number).encode() for number in range(20)]


async def test_an_empty_batch_asks_nobody() -> None:
    """It is answered though nothing listens."""
    client = connect_async("redis://127.0.0.1:1/0")
    reads = RedisReads(client)

    assert await reads.batch([]) == []
    with pytest.raises(StoreUnavailableError):
        await reads.one("PING")
    await client.aclose()
