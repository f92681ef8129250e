"""Start and stop the recorder with the app's lifespan, without changing it."""

from typing import Final

from tokenpulse.asgi import App, Message, Receive, Scope, Send
from tokenpulse.sink import Sink

_LAST_MESSAGES: Final = ("lifespan.shutdown.complete", "lifespan.shutdown.failed")


class Lifespan:
    """Pass one lifespan through; start at `startup.complete`, flush before the shutdown ends.

    An app that does not support lifespans raises or returns as it would unwrapped; the recorder then starts
    with the first request. What fails in the recorder is counted, the lifespan goes on.
    """

    def __init__(self, receive: Receive, send: Send, sink: Sink) -> None:
        self._receive = receive
        self._send = send
        self._sink = sink
        self.is_shutting_down = False
        self.is_flushed = False

    async def receive(self) -> Message:
        """Hand on the server's next message."""
        message = await self._receive()
        if self._type(message) == "lifespan.shutdown":
            self.is_shutting_down = True
        return message

    async def send(self, message: Message) -> None:
        """Hand on the app's message, after starting or flushing."""
        kind = self._type(message)
        if kind == "lifespan.startup.complete":
            await self._start()
        elif kind in _LAST_MESSAGES:
            await self.flush()
            self.is_flushed = True
        await self._send(message)

    async def flush(self) -> None:
        """Flush what is left."""
        try:
            await self._sink.aclose()
        except Exception as error:  # noqa: BLE001 - the app ends as it would without us
            self._sink.internal_error("aclose", error)

    async def _start(self) -> None:
        try:
            await self._sink.start()
        except Exception as error:  # noqa: BLE001 - the app starts whether we can or not
            self._sink.internal_error("start", error)

    def _type(self, message: Message) -> object:
        """Return a message's type; a message without one fails at the other side, not here."""
        try:
            return message["type"]
        except Exception as error:  # noqa: BLE001 - as the docstring says
            self._sink.internal_error("lifespan", error)
            return None


async def run_lifespan(app: App, scope: Scope, receive: Receive, send: Send, sink: Sink) -> None:
    """Run the app's lifespan; its exceptions pass unchanged."""
    lifespan = Lifespan(receive, send, sink)
    try:
        await app(scope, lifespan.receive, lifespan.send)
    finally:
        # Not after the last message: servers cancel a lifespan that goes on then, and would see it raise.
        if lifespan.is_shutting_down and not lifespan.is_flushed:
            await lifespan.flush()
