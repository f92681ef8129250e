"""Live events over real sockets: a real reader, a real Redis, clients that stream."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any, NamedTuple

import httpx
import pytest
from starlette.applications import Starlette

from tests.support.redis_server import RedisServer
from tokenpulse.recorder import Recorder
from tokenpulse_reader.app import create_app
from tokenpulse_reader.http.connections import BoundedProtocol
from tokenpulse_reader.http.reader_server import reader_server
from tokenpulse_reader.http.serving import open_listener
from tokenpulse_reader.live.live import MAX_CLIENTS
from tokenpulse_reader.routes import live
from tokenpulse_shared.settings import Settings

DEADLINE_SECONDS = 60.0
LIVE = "/api/live"


class Event(NamedTuple):
    """One event, or a comment as `name`, with its data."""

    name: str
    identity: str | None
    data: dict[str, Any]

    @property
    def requests(self) -> int:
        """Return the requests of the last hour that it tells."""
        count: int = self.data["realtime"]["total_requests"]
        return count


class Stream:
    """Read events from a response."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> Event:
        """Return the next event."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(DEADLINE_SECONDS):
            async for line in self._lines:
                if line.startswith(":"):
                    fields["event"] = line
                elif line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "event" in fields:
                    data = json.loads(fields.get("data", "{}"))
                    return Event(fields["event"], fields.get("id"), data)
        raise EOFError

    async def until(self, name: str) -> Event:
        """Return the next event of that name."""
        while (event := await self.next()).name != name:
            pass
        return event

    async def at_end(self) -> bool:
        """Return True once the server has ended the stream as it should."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            async for _ in self._lines:
                pass
        return True


@asynccontextmanager
async def serving(
    redis_url: str, protocol: type[BoundedProtocol] = BoundedProtocol, **given: object
) -> AsyncIterator[tuple[httpx.AsyncClient, Starlette]]:
    settings = Settings.load({}, redis_url=redis_url, **{"snapshot_interval": 0.1, **given})
    app = create_app(settings)
    limits = httpx.Limits(max_connections=None)
    with closing(open_listener("127.0.0.1", 0, flag="--port")) as listener:
        async with (
            reader_server(app, listener, protocol=protocol) as server,
            httpx.AsyncClient(base_url=server.url, trust_env=False, limits=limits, timeout=30.0) as client,
        ):
            yield client, app


@asynccontextmanager
async def streaming(client: httpx.AsyncClient, **headers: str) -> AsyncIterator[Stream]:
    async with client.stream("GET", LIVE, headers=headers) as response:
        assert response.status_code == 200
        yield Stream(response)


def write(url: str, count: int) -> None:
    with closing(Recorder(redis_url=url)) as recorder:
        for _ in range(count):
            recorder.record(provider="openai", model="gpt-4o", latency_ms=250.0, cost=0.5)
        assert recorder.flush()


async def test_changes_arrive_while_they_happen(redis_url: str) -> None:
    """The present at once, each change after it, to all clients the same."""
    await asyncio.to_thread(write, redis_url, 2)
    async with serving(redis_url) as (client, _), streaming(client) as first, streaming(client) as second:
        begun = [await first.next(), await second.next()]
        await asyncio.to_thread(write, redis_url, 3)
        changed = [await first.until("snapshot"), await second.until("snapshot")]
        while changed[0].requests < 5:
            changed = [await first.until("snapshot"), await second.until("snapshot")]
        health = (await client.get("/api/monitoring/health")).json()

    assert [event.name for event in begun] == ["snapshot", "snapshot"]
    assert [event.requests for event in (*begun, *changed)] == [2, 2, 5, 5]
    assert changed[0] == changed[1]
    assert changed[0].data["realtime"]["providers"]["openai"]["total_cost"] == 2.5
    assert changed[0].data["health"][0]["provider"] == health[0]["provider"] == "openai"
    assert changed[0].data["breakers"] == {"by_state": {"CLOSED": 1}, "not_closed": [], "omitted": 0}
    assert first.response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert first.response.headers["cache-control"] == "no-store"
    assert "content-length" not in first.response.headers


async def test_resuming_after_a_break(redis_url: str) -> None:
    """A client that missed nothing is told so; one that missed a change, or knew another run, gets all of it."""
    await asyncio.to_thread(write, redis_url, 2)
    async with serving(redis_url, snapshot_interval=60) as (client, _):
        async with streaming(client) as stream:
            seen = (await stream.next()).identity
        assert seen is not None
        async with streaming(client, **{"last-event-id": seen}) as stream:
            resumed = await stream.next()
        epoch, _, version = seen.partition("-")
        for other in (f"{epoch}-{int(version) + 1}", f"00000000-{version}", "nonsense"):
            async with streaming(client, **{"last-event-id": other}) as stream:
                assert (await stream.next()).name == "snapshot"

    assert (resumed.name, resumed.identity) == ("same", seen)


async def test_an_outage_is_told(redis_server: RedisServer) -> None:
    """Stale with its age while Redis is away, a whole snapshot or its number once it is back."""
    await asyncio.to_thread(write, redis_server.url, 2)
    async with serving(redis_server.url) as (client, _), streaming(client) as stream:
        begun = await stream.next()
        redis_server.kill()
        stale = await stream.until("stale")
        redis_server.restart(keep_data=True)
        while (after := await stream.next()).name == "stale":
            pass

    assert (begun.requests, begun.data["stale"]) == (2, False)
    assert (stale.data["stale"], stale.identity) == (True, None)
    assert stale.data["version"] >= begun.data["version"]
    assert stale.data["age_seconds"] >= 0
    assert after.name in ("same", "snapshot")
    assert after.data["version"] > stale.data["version"]


async def test_silence_is_broken_by_heartbeats(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment when there was nothing to tell."""
    made = live.routes
    monkeypatch.setattr(live, "routes", lambda *parts: made(*parts, heartbeat_seconds=0.05))
    async with serving(redis_url, snapshot_interval=60) as (client, _), streaming(client) as stream:
        events = [await stream.next() for _ in range(3)]

    assert [event.name for event in events] == ["snapshot", ": heartbeat", ": heartbeat"]


async def test_clients_are_bounded_and_leave(redis_url: str) -> None:
    """One too many is told when to come again; who leaves makes room."""
    async with serving(redis_url) as (client, app):
        feed = app.state.live
        held = [feed.join(None) for _ in range(MAX_CLIENTS - 1)]
        async with streaming(client) as stream:
            await stream.next()
            refused = await client.get(LIVE)
        async with asyncio.timeout(DEADLINE_SECONDS):
            while feed.clients == MAX_CLIENTS:
                await asyncio.sleep(0.01)
        for each in held:
            feed.leave(each)
        head = await client.head(LIVE)

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    assert refused.json()["error"]["code"] == "too_many_clients"
    assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert feed.clients == 0


async def test_a_client_that_does_not_read_is_dropped(redis_url: str) -> None:
    """Others are told meanwhile; it leaves no trace."""

    class Quick(BoundedProtocol):
        write_seconds = 0.3

    await asyncio.to_thread(write, redis_url, 1)
    async with serving(redis_url, Quick, snapshot_interval=60) as (client, app):
        feed = app.state.live
        event_for = feed.event_for
        feed.event_for = lambda snapshot, seen: event_for(snapshot, None) + b": " + b"x" * 4_000_000 + b"\n\n"
        port = httpx.URL(client.base_url).port
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET /api/live HTTP/1.1\r\nhost: localhost\r\n\r\n")
        await reader.readuntil(b"retry: ")
        joined = feed.clients
        async with asyncio.timeout(DEADLINE_SECONDS):
            while feed.clients:
                answer = await client.get("/healthz")
        writer.close()

    assert (joined, answer.status_code) == (1, 200)


async def test_streams_end_when_the_server_stops(redis_url: str) -> None:
    """With a proper end: they are not cut off once the grace for open answers is over."""
    async with asyncio.timeout(DEADLINE_SECONDS), httpx.AsyncClient(trust_env=False, timeout=30.0) as own:
        async with serving(redis_url) as (client, app):
            context = own.stream("GET", f"{client.base_url}{LIVE}")
            response = await context.__aenter__()
            stream = Stream(response)
            await stream.next()
            ending = asyncio.create_task(stream.at_end())

        assert await ending
        assert app.state.live.join(None) is None
        await context.__aexit__(None, None, None)


async def test_the_token_is_asked_for(redis_url: str) -> None:
    """As everywhere; nothing is streamed before."""
    async with serving(redis_url, api_token="s3cret") as (client, _):
        refused = await client.get(LIVE)
        async with streaming(client, authorization="Bearer s3cret") as stream:
            event = await stream.next()

    assert (refused.status_code, event.name) == (401, "snapshot")


async def test_nothing_known_is_503(redis_server: RedisServer) -> None:
    """Without Redis from the start there is nothing to stream."""
    redis_server.kill()
    async with serving(redis_server.url) as (client, _):
        answer = await client.get(LIVE)

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_unavailable")
