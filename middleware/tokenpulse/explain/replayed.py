"""Replay an exchange through the middleware, in a time that counts reads."""

from typing import NamedTuple

from tokenpulse.annotations import annotate
from tokenpulse.asgi import Message, Receive, Scope, Send
from tokenpulse.explain.asked_prices import AskedPrices
from tokenpulse.explain.exchange import Exchange
from tokenpulse.explain.reads import Reads
from tokenpulse.explain.replay_sink import ReplaySink
from tokenpulse.middleware import TokenPulseMiddleware
from tokenpulse_shared.clock import SystemClock
from tokenpulse_shared.records import Observation
from tokenpulse_shared.settings import Settings


class ReadClock:
    """Give the number of reads so far as the time; the date is today's, for today's prices."""

    time = staticmethod(SystemClock.time)

    def __init__(self) -> None:
        self.reads = 0

    def monotonic(self) -> float:
        """Return the number of reads so far."""
        return float(self.reads)


class Told(NamedTuple):
    """Hold what the user says of the exchange; None: nothing."""

    provider: str | None = None
    model: str | None = None


class Replayed(NamedTuple):
    """Hold what the middleware made of an exchange; durations of the observation are counts of reads.

    `faults`: how often each cause of bad input was set aside.
    """

    observation: Observation
    faults: dict[str, int]


async def replayed(
    exchange: Exchange, reads: Reads, settings: Settings, prices: AskedPrices, told: Told
) -> Replayed:
    """Return what the middleware makes of an exchange whose path it takes for inference."""
    clock = ReadClock()
    sink = ReplaySink(settings, clock, prices)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        annotate(scope, provider=told.provider, model=told.model)
        await receive()
        await send(
            {"type": "http.response.start", "status": exchange.status, "headers": list(exchange.headers)}
        )
        for piece in reads.pieces:
            clock.reads += 1
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if exchange.is_complete:
            await send({"type": "http.response.body", "body": b""})

    async def receive() -> Message:
        return {"type": "http.request", "body": exchange.request_body, "more_body": False}

    async def send(message: Message) -> None:
        return None

    # The sink has all that a request needs of a recorder.
    middleware = TokenPulseMiddleware(app, recorder=sink)  # type: ignore[arg-type]
    await middleware(_scope(exchange), receive, send)
    return Replayed(sink.observations[0], dict(sink.faults))


def _scope(exchange: Exchange) -> Scope:
    path = exchange.path or "/"
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": exchange.method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": list(exchange.request_headers),
        "client": None,
        "server": None,
        "state": {},
    }
