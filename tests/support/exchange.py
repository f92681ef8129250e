"""Run one inference request by hand under a fake clock."""

from typing import Any

from tests.support.answers import chat_request
from tests.support.asgi import MemorySink, Message, Server, body, http_scope, replay, request, start, wrapped
from tests.support.clock import FakeClock
from tokenpulse_shared.records import Observation


class Exchange:
    """Run one request under a fake clock."""

    def __init__(self, asked: bytes | None = None, **settings: Any) -> None:
        self.clock = FakeClock()
        self.sink = MemorySink(self.clock, raise_internal_errors=True, **settings)
        self.server = Server([request(chat_request() if asked is None else asked)])

    async def run(self, app: Any, *, options: dict[str, Any] | None = None, **scope: Any) -> Observation:
        """Return the one observation; there must be one exchange too, and nothing still in progress.

        options: further arguments of the middleware.
        """
        app = wrapped(app, self.sink, **(options or {}))
        await app(http_scope(**scope), self.server.receive, self.server.send)
        return self.only()

    async def stream(self, pieces: list[bytes], *headers: tuple[bytes, bytes], **more: Any) -> Observation:
        """Run a stream whose n-th piece is sent at n seconds."""
        messages = [start(200, *headers), *(body(piece, more=True) for piece in pieces), body(b"")]

        def tick(message: Message) -> None:
            if message.get("body"):
                self.clock.advance(1.0)

        return await self.run(replay(messages, before_each=tick), **more)

    def only(self) -> Observation:
        """Return the one observation."""
        assert self.sink.errors == []
        assert self.sink.in_progress == set()
        assert len(self.sink.exchanges) == 1
        (observation,) = self.sink.observations
        return observation
