"""An export as a stream: a few at a time, broken off when Redis goes, ended when the client leaves."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing

import pytest
from starlette.applications import Starlette

from tests.support.asgi import Message
from tests.support.clock import FakeClock
from tests.support.redis_server import RedisServer
from tokenpulse.recorder import Recorder
from tokenpulse_reader.export import export as export_module
from tokenpulse_reader.http.problems import HANDLERS
from tokenpulse_reader.routes import export as export_route
from tokenpulse_reader.routes.export import MOST_AT_ONCE
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.store import MetricsStore

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC


@pytest.fixture
def store(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> MetricsStore:
    """Give a store of three models, which are loaded one at a time."""
    monkeypatch.setattr(export_module, "ROWS_A_PAGE", 1)
    clock = FakeClock(NOW)
    with closing(Recorder(redis_url=redis_server.url, clock=clock)) as recorder:
        for model in ("a", "b", "c"):
            recorder.record(provider="p", model=model, latency_ms=1.0)
    return MetricsStore(settings=Settings.load({}, redis_url=redis_server.url), clock=clock)


class Client:
    """Keep what is sent, wait before each piece until `go_on` is set; leave when told."""

    def __init__(self, on_body: Callable[[], None] = lambda: None) -> None:
        self.sent: list[Message] = []
        self.has_body = asyncio.Event()
        self.go_on = asyncio.Event()
        self.leave = asyncio.Event()
        self._on_body = on_body

    async def receive(self) -> Message:
        """Say that the client left, once it has."""
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a message."""
        self.sent.append(message)
        if message["type"] == "http.response.body":
            self._on_body()
            self.has_body.set()
            await self.go_on.wait()

    @property
    def status(self) -> int:
        """Return the status that was sent."""
        status: int = self.sent[0]["status"]
        return status

    @property
    def is_whole(self) -> bool:
        """Tell whether the end of the body was sent."""
        return not self.sent[-1].get("more_body", False)


def make_app(store: MetricsStore) -> Callable[[Client], Awaitable[None]]:
    app = Starlette(routes=export_route.routes(store), exception_handlers=HANDLERS)
    scope = {
        "type": "http", "method": "GET", "path": export_route.PATH, "raw_path": export_route.PATH.encode(),
        "query_string": b"", "headers": [], "root_path": "", "http_version": "1.1", "scheme": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
    }  # fmt: skip
    return lambda client: app({**scope}, client.receive, client.send)


async def test_only_a_few_run_at_once(store: MetricsStore) -> None:
    """One more is told to wait; when one is done there is room again."""
    async with store:
        run = make_app(store)
        clients = [Client() for _ in range(MOST_AT_ONCE)]
        running = [asyncio.ensure_future(run(client)) for client in clients]
        for client in clients:
            await client.has_body.wait()
        refused = Client()
        refused.go_on.set()
        await run(refused)
        for client in clients:
            client.go_on.set()
        await asyncio.gather(*running)
        later = Client()
        later.go_on.set()
        await run(later)

    assert refused.status == 429
    assert b'"busy"' in refused.sent[1]["body"]
    assert [client.status for client in (*clients, later)] == [200] * (MOST_AT_ONCE + 1)
    assert all(client.is_whole for client in (*clients, later))
    assert later.sent[1:] == clients[0].sent[1:]


async def test_a_client_that_leaves_makes_room(store: MetricsStore) -> None:
    """The rest is not loaded."""
    async with store:
        run = make_app(store)
        for _ in range(MOST_AT_ONCE + 1):
            client = Client()
            running = asyncio.ensure_future(run(client))
            await client.has_body.wait()
            client.leave.set()
            await running

            assert client.status == 200
            assert len(client.sent) == 2


async def test_what_breaks_off_is_no_whole_file(store: MetricsStore, redis_server: RedisServer) -> None:
    """Redis goes after the first model: the body has no end, so the server closes the connection."""
    async with store:
        client = Client(on_body=redis_server.kill)
        client.go_on.set()
        with pytest.raises(RuntimeError, match="response already started"):
            await make_app(store)(client)

    assert client.status == 200
    assert not client.is_whole
