"""A reader that ends leaves nothing behind: no task, no connection."""

import asyncio
import threading

import pytest
import redis

from tests.support.processes import wait_until
from tests.support.reader_client import reader_client
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.windows.windows_reader import WindowsReader

DEADLINE_SECONDS = 60.0


class _HeldUp:
    """Hold up whoever calls, in the middle of a load, until told that they may leave."""

    def __init__(self) -> None:
        self.is_reached = threading.Event()
        self.leave = threading.Event()

    def __call__(self, *_: object) -> list[object]:
        self.is_reached.set()
        self.leave.wait(DEADLINE_SECONDS)
        return []


async def test_a_load_that_nobody_waits_for_ends_with_the_reader(
    redis_url: str, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller hangs up between two round trips: the load does not open connections after the last was closed."""
    held_up = _HeldUp()
    redis_client.zadd(Keyspace().providers(), {"acme": 1})
    async with reader_client(redis_url, snapshot_interval=60.0) as client:
        assert (await client.get("/readyz")).status_code == 200
        monkeypatch.setattr(WindowsReader, "_build", held_up)
        asking = asyncio.create_task(client.get("/api/monitoring/stats/realtime?hours=24"))
        assert await asyncio.to_thread(held_up.is_reached.wait, DEADLINE_SECONDS)
        asking.cancel()
        await asyncio.wait([asking])

    running = asyncio.all_tasks()
    held_up.leave.set()
    assert running == {asyncio.current_task()}
    wait_until(lambda: not _reader_connections(redis_client), "the reader's connections are closed")


def _reader_connections(client: redis.Redis) -> list[dict[str, str]]:
    return [held for held in client.client_list() if held["name"] == "tokenpulse-reader"]
