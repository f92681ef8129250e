"""Run requests with `inject_include_usage` on, against a server that tells usage only when asked."""

from typing import Any, Final

from tests.support.answers import chat_request
from tests.support.asgi import App, MemorySink, Message, Server, http_scope, request, wrapped
from tests.support.clock import FakeClock
from tests.support.usage_streams import STORY, Writing, read_body, serving, written
from tokenpulse_shared.records import Observation

PLAIN: Final = written(STORY, Writing(), has_usage=False)
ASKED: Final = written(STORY, Writing(), has_usage=True)
QUESTION: Final = chat_request(stream=True)
INJECTED: Final = QUESTION[:-1] + b',"stream_options":{"include_usage":true}}'


class InjectionExchange:
    """Run one request with the setting on."""

    def __init__(self, app: App, *, incoming: list[Message] | None = None) -> None:
        self.sink = MemorySink(FakeClock())
        self.server = Server([request(QUESTION)] if incoming is None else incoming)
        self.app = wrapped(app, self.sink, inject_include_usage=True)
        self.scope: dict[str, Any] = http_scope()

    async def run(self, *headers: tuple[bytes, bytes], **scope: Any) -> Observation:
        """Return the one observation; the server's scope must be as it was."""
        self.scope = http_scope(headers=[(b"host", b"test"), *headers], **scope)
        before = {**self.scope, "headers": list(self.scope["headers"])}
        await self.app(self.scope, self.server.receive, self.server.send)

        assert self.scope == before
        assert self.sink.errors == []
        assert self.sink.in_progress == set()
        (observation,) = self.sink.observations
        return observation


class Listening:
    """Serve the story, keeping scope and body as the app got them."""

    def __init__(self) -> None:
        self.scope: Any = None
        self.content = b""
        self._app = serving()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Read the request, hand it on."""
        self.scope = scope
        self.content = await read_body(receive)
        await self._app(scope, Server([request(self.content)]).receive, send)
