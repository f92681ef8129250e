"""Drive an ASGI app by hand: scope, receive, send, with every message kept."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from tokenpulse.middleware import TokenPulseMiddleware
from tokenpulse.sink import HasLabels, HttpExchange
from tokenpulse_shared.clock import Clock
from tokenpulse_shared.pricing import open_prices
from tokenpulse_shared.records import Observation
from tokenpulse_shared.settings import Settings

Message = MutableMapping[str, Any]
App = Callable[[Any, Any, Any], Awaitable[None]]

CHAT = "/v1/chat/completions"
JSON_TYPE = (b"content-type", b"application/json")
SSE_TYPE = (b"content-type", b"text/event-stream; charset=utf-8")


class MemorySink:
    """Keep everything an observer hands over; stands where the Recorder stands."""

    def __init__(self, clock: Clock, **settings: Any) -> None:
        self.clock = clock
        self.settings = Settings.load({}, **{"genai_prices": False, **settings})
        self.prices = open_prices(self.settings)
        self.in_progress: set[HasLabels] = set()
        self.observations: list[Observation] = []
        self.exchanges: list[HttpExchange] = []
        self.faults: list[str] = []
        self.errors: list[tuple[str, BaseException]] = []
        self.lifespan: list[str] = []

    def observe(self, observation: Observation) -> None:
        """Keep an observation."""
        self.observations.append(observation)

    def count_http(self, exchange: HttpExchange) -> None:
        """Keep an exchange."""
        self.exchanges.append(exchange)

    def count_fault(self, cause: str) -> None:
        """Keep a cause."""
        self.faults.append(cause)

    def internal_error(self, where: str, error: BaseException) -> None:
        """Keep an internal error."""
        self.errors.append((where, error))

    def ensure_started(self) -> None:
        """Do nothing: there is no background work."""

    async def start(self) -> None:
        """Keep that it was called."""
        self.lifespan.append("start")

    async def aclose(self) -> None:
        """Keep that it was called."""
        self.lifespan.append("aclose")


class Server:
    """Play the server: hand out incoming messages, keep outgoing ones.

    `incoming` is given one by one, then `http.disconnect` for ever, as servers do.
    """

    def __init__(self, incoming: Iterable[Message] = ()) -> None:
        self._incoming = iter(incoming)
        self.received = 0
        self.sent: list[Message] = []
        self.on_send: Callable[[Message], object] = lambda message: None

    async def receive(self) -> Message:
        """Give the next message."""
        self.received += 1
        return next(self._incoming, {"type": "http.disconnect"})

    async def send(self, message: Message) -> None:
        """Keep a message; `on_send` may advance a clock, or raise."""
        self.sent.append(message)
        self.on_send(message)

    @property
    def body(self) -> bytes:
        """Return the body sent so far."""
        return b"".join(bytes(message.get("body", b"")) for message in self.sent)


def http_scope(path: str = CHAT, method: str = "POST", **extra: Any) -> dict[str, Any]:
    """Return a scope as servers make it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"test")],
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 80),
        "state": {},
        **extra,
    }


def request(body: bytes) -> Message:
    """Return the message that carries a whole request body."""
    return {"type": "http.request", "body": body, "more_body": False}


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> Message:
    """Return a response's start."""
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(content: bytes, *, more: bool = False) -> Message:
    """Return one message of a response's body."""
    return {"type": "http.response.body", "body": content, "more_body": more}


def replay(messages: Iterable[Message], *, before_each: Callable[[Message], object] | None = None) -> App:
    """Return an app that reads its request, then sends these messages."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        for message in messages:
            if before_each is not None:
                before_each(message)
            await send(message)

    return app


def wrapped(app: App, sink: MemorySink, **options: Any) -> TokenPulseMiddleware:
    """Return the app inside a middleware that records into the sink."""
    return TokenPulseMiddleware(app, recorder=sink, **options)  # type: ignore[arg-type]  # a Sink of the tests
