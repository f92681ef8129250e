"""A reader that ends leaves nothing behind: no task, no connection."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
import redis

from tests.support.processes import wait_until
from tests.support.reader_client import reader_client
from tokenpulse_shared.windows_reader import WindowsReader

DEADLINE_SECONDS = 10.0


class _HeldUp:
    """Hold up whoever calls, in the middle of a load, until the end of the test."""

    def __init__(self) -> None:
        self.is_reached = threading.Event()
        self.leave = threading.Event()

    def __call__(self, *_: object) -> list[object]:
        self.is_reached.set()
        self.leave.wait(DEADLINE_SECONDS)
        return []


@pytest.fixture
def held_up() -> Iterator[_HeldUp]:
    """Give what holds a load up; whoever still waits goes on when the test has ended."""
    held = _HeldUp()
    yield held
    held.leave.set()


async def test_a_load_that_nobody_waits_for_ends_with_the_reader(
    redis_url: str, redis_client: redis.Redis, held_up: _HeldUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller hangs up between two round trips: the load does not open connections after the last was closed."""
    redis_client.zadd("tokenpulse:providers", {"acme": 1})
    async with reader_client(redis_url, snapshot_interval=60.0) as client:
        assert (await client.get("/readyz")).status_code == 200
        monkeypatch.setattr(WindowsReader, "_build", held_up)
        asking = asyncio.create_task(client.get("/api/monitoring/stats/realtime?hours=24"))
        assert await asyncio.to_thread(held_up.is_reached.wait, DEADLINE_SECONDS)
        asking.cancel()
        await asyncio.wait([asking])

    assert asyncio.all_tasks() == {asyncio.current_task()}
    wait_until(lambda: not _reader_connections(redis_client), "the reader's connections are closed")


def _reader_connections(client: redis.Redis) -> list[dict[str, str]]:
    return [held for held in client.client_list() if held["name"] == "tokenpulse-reader"]
