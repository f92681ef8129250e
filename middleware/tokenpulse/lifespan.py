"""Start and stop the recorder with the app's lifespan, without changing it."""

from tokenpulse.asgi import App, Message, Receive, Scope, Send
from tokenpulse.sink import Sink


class Lifespan:
    """Pass one lifespan through; start at `startup.complete`, flush before the shutdown ends.

    An app that does not support lifespans raises or returns as it would unwrapped; the recorder then starts
    with the first request.
    """

    def __init__(self, receive: Receive, send: Send, sink: Sink) -> None:
        self._receive = receive
        self._send = send
        self._sink = sink
        self.is_shutting_down = False

    async def receive(self) -> Message:
        """Hand on the server's next message."""
        message = await self._receive()
        if message["type"] == "lifespan.shutdown":
            self.is_shutting_down = True
        return message

    async def send(self, message: Message) -> None:
        """Hand on the app's message, after starting or flushing."""
        if message["type"] == "lifespan.startup.complete":
            await self._start()
        elif message["type"] in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
            await self._sink.aclose()
        await self._send(message)

    async def _start(self) -> None:
        try:
            await self._sink.start()
        except Exception as error:  # noqa: BLE001 - the app starts whether we can or not
            self._sink.internal_error("start", error)


async def run_lifespan(app: App, scope: Scope, receive: Receive, send: Send, sink: Sink) -> None:
    """Run the app's lifespan; its exceptions pass unchanged."""
    lifespan = Lifespan(receive, send, sink)
    try:
        await app(scope, lifespan.receive, lifespan.send)
    finally:
        if lifespan.is_shutting_down:
            await sink.aclose()
