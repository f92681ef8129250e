"""Tests of the route of live events, by hand: what a server or a client may do at any moment."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
from starlette.applications import Starlette

from tests.support.asgi import Message, Server, http_scope
from tests.support.clock import FakeClock
from tests.support.live_snapshots import live_snapshot
from tokenpulse_reader.live.live import LiveFeed
from tokenpulse_reader.routes import live
from tokenpulse_reader.snapshots.snapshot import Snapshot
from tokenpulse_reader.snapshots.snapshots import Snapshots
from tokenpulse_shared.errors import StoreUnavailableError


class Reader(NamedTuple):
    """The route with what it serves."""

    app: Starlette
    feed: LiveFeed
    loads: list[int]


def make_reader(**options: float) -> Reader:
    """Return a reader that nobody refreshes but its clients, since no lifespan runs; its second load fails."""
    loads: list[int] = []

    async def load() -> Snapshot:
        loads.append(len(loads) + 1)
        if len(loads) == 2:
            raise StoreUnavailableError("away")
        return live_snapshot(len(loads), 5)

    feed = LiveFeed(lambda: snapshots.peek(), "0123abcd")
    snapshots = Snapshots(feed.announcing(load), 0.0, FakeClock())
    return Reader(Starlette(routes=live.routes(snapshots, feed, **options)), feed, loads)


class Waiting(Server):
    """Play a server whose client stays."""

    async def receive(self) -> Message:
        """Wait for ever."""
        await asyncio.Event().wait()
        raise AssertionError


@pytest.fixture(autouse=True)
async def deadline() -> AsyncIterator[None]:
    """End a test that waits for what does not come."""
    async with asyncio.timeout(20):
        yield


async def test_a_send_that_hangs_ends_the_stream_unfinished() -> None:
    """So the server closes the connection; the client is forgotten."""
    reader = make_reader(send_seconds=0.01)
    sent: list[Message] = []

    async def send(message: Any) -> None:
        sent.append(message)
        if b"event" in message.get("body", b""):
            await asyncio.Event().wait()

    await reader.app(http_scope(live.PATH, "GET"), Waiting().receive, send)

    assert [message.get("more_body") for message in sent] == [None, True, True]
    assert reader.feed.clients == 0


async def test_heartbeats_refresh_where_nobody_else_does() -> None:
    """Without a lifespan the client's own heartbeats do; a failed one tells that what there is grows old."""
    reader = make_reader(heartbeat_seconds=0.0)
    server = Waiting()
    server.on_send = lambda message: reader.feed.end() if b"-3" in message.get("body", b"") else None
    await reader.app(http_scope(live.PATH, "GET"), server.receive, server.send)
    events = [message["body"].split(b"\n")[0] for message in server.sent[2:]]

    assert events[0] == b"event: snapshot"
    assert b"event: stale" in events
    assert events[-2:] == [b"event: same", b""]
    assert reader.loads == [1, 2, 3]


async def test_a_client_that_left_is_forgotten() -> None:
    """The stream ends with the first look."""
    reader = make_reader()
    server = Server()
    await reader.app(http_scope(live.PATH, "GET"), server.receive, server.send)

    assert server.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert reader.feed.clients == 0


async def test_a_stream_that_is_cancelled_is_forgotten() -> None:
    """The cancellation goes on."""
    reader = make_reader()
    server = Waiting()
    begun = asyncio.Event()
    server.on_send = lambda message: begun.set() if b"event" in message.get("body", b"") else None
    stream = asyncio.create_task(reader.app(http_scope(live.PATH, "GET"), server.receive, server.send))
    await begun.wait()
    stream.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stream

    assert reader.feed.clients == 0
