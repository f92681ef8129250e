"""An ASGI app that ends each conversation in a way of its own, wrapped; under `/bare` the same one unwrapped.

The first segment of a path names the conversation. Whatever the wrapped app's recorder is handed, it prints:
`observation {…}` or `exchange {…}`, one JSON object a line. The settings come from the environment.
"""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, Final

from tests.support.asgi import CHAT, App
from tests.support.conversations import Conversations
from tests.support.written_lines import print_line
from tokenpulse import Recorder, TokenPulseMiddleware
from tokenpulse.asgi import Receive, Scope, Send
from tokenpulse.sink import HttpExchange
from tokenpulse_shared.records import Observation

BARE: Final = "/bare"


class PrintingRecorder(Recorder):
    """Print what is recorded as well."""

    def observe(self, observation: Observation) -> None:
        """Print an observation."""
        super().observe(observation)
        print_line("observation", observation._asdict())

    def count_http(self, exchange: HttpExchange) -> None:
        """Print an exchange."""
        super().count_http(exchange)
        print_line("exchange", exchange._asdict())


class SurroundingsApp:
    """Choose the conversation by the path: `/<conversation>/<name>`, with `/v1/chat/completions` behind or not."""

    def __init__(self) -> None:
        self._conversations = Conversations()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Converse; a lifespan is completed."""
        if scope["type"] == "lifespan":
            await complete_lifespan(receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        conversation, name = path.removesuffix(CHAT).strip("/").split("/")
        if not path.endswith(CHAT):
            scope["route"] = SimpleNamespace(path_format=path)
        talk: Callable[..., Awaitable[None]] = getattr(self._conversations, conversation)
        await talk(name, scope, receive, send)


async def complete_lifespan(receive: Receive, send: Send) -> None:
    """Start and stop as the server says."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


def either(wrapped: App, bare: App) -> App:
    """Return an app that gives paths under `/bare` to the bare app, everything else to the wrapped one."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        if path.startswith(BARE + "/"):
            await bare({**scope, "path": path.removeprefix(BARE)}, receive, send)
        else:
            await wrapped(scope, receive, send)

    return app


async def _without_lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    """Raise on a lifespan, as an app does that knows nothing of it."""
    if scope["type"] != "http":
        raise RuntimeError("this app has no lifespan")
    await _app(scope, receive, send)


async def _with_failing_start(scope: Scope, receive: Receive, send: Send) -> None:
    """Say that the start has failed."""
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no seats"})


_app = SurroundingsApp()
_recorder = PrintingRecorder()
app: Final = either(TokenPulseMiddleware(_app, recorder=_recorder), _app)
app_without_lifespan: Final = TokenPulseMiddleware(_without_lifespan, recorder=_recorder)
app_with_failing_start: Final = TokenPulseMiddleware(_with_failing_start, recorder=_recorder)
