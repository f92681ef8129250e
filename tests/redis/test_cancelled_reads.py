"""Whoever waits for Redis is cancelled, or is one of a thousand: everybody gets their own answer, and counts stay."""

import asyncio
from collections.abc import Callable

import redis

from tests.support.cancelling import cancel_reads, own_answer
from tests.support.load import Load, counted
from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer
from tokenpulse.recorder import Recorder
from tokenpulse_shared.connections.connection_options import READER_CONNECTIONS, WRITER_CONNECTIONS
from tokenpulse_shared.redis_client import connect_async
from tokenpulse_shared.redis_reads import RedisReads

CANCELS = 1_000
READS = 1_000


async def test_a_cancelled_read_leaves_nothing_to_others(redis_url: str) -> None:
    """In its greeting, before its turn, between request and reply: no answer goes to another."""
    client = connect_async(redis_url)
    answered = await cancel_reads(RedisReads(client), CANCELS)
    await client.aclose()

    assert answered > CANCELS // 3


async def test_an_end_that_is_cancelled_keeps_its_batch(
    redis_server: RedisServer, open_recorder: Callable[..., Recorder]
) -> None:
    """The flush in hand goes on in its thread; what Redis did not take waits, and counts once with the next."""
    recorder = open_recorder(redis_server.url, flush_interval=60)
    load = Load(recorder, ("groq", "openai"))
    load.record(3)
    assert recorder.flush()
    redis_server.pause()
    load.record(3)
    ending = asyncio.create_task(recorder.aclose())
    await asyncio.sleep(0)
    wait_until(lambda: recorder._pipeline.writer.in_flight != {}, "a batch on its way")
    ending.cancel()
    await asyncio.wait([ending])
    redis_server.resume()
    load.record(3)
    recorder.close()

    assert ending.cancelled()
    with redis_server.client() as client:
        assert counted(client) == load.ledger.counters()


async def test_a_thousand_reads_share_the_connections(redis_url: str, redis_client: redis.Redis) -> None:
    """All at once, each is answered, by no more connections than a reader may have."""
    client = connect_async(redis_url)
    reads = RedisReads(client)
    await asyncio.gather(*(own_answer(reads, number) for number in range(READS)))
    held = [each for each in redis_client.client_list() if each["name"] == "tokenpulse-reader"]
    await client.aclose()

    assert 1 < len(held) <= READER_CONNECTIONS


async def test_a_thousand_tasks_share_the_writers_connections(
    redis_url: str, redis_client: redis.Redis, open_recorder: Callable[..., Recorder]
) -> None:
    """Requests never wait for a connection: whoever records does not touch Redis."""
    recorder = open_recorder(redis_url, flush_interval=0.05)
    load = Load(recorder, ("groq",))
    load.record()
    assert recorder.flush()

    async def record() -> None:
        for _ in range(5):
            load.record()
            await asyncio.sleep(0)

    await asyncio.gather(*(record() for _ in range(READS)))
    held = [each for each in redis_client.client_list() if each["name"] == "tokenpulse-writer"]
    recorder.close()

    assert 1 <= len(held) <= WRITER_CONNECTIONS
    assert counted(redis_client) == load.ledger.counters()
    assert "failed_flushes" not in recorder.stats()["counts"]
