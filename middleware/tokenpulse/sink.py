"""What the capture side needs of whoever takes its records."""

from typing import NamedTuple, Protocol

from tokenpulse_shared.clock import Clock
from tokenpulse_shared.pricing import PriceBook
from tokenpulse_shared.records import Observation


class HttpExchange(NamedTuple):
    """Tell what one HTTP request did, whether it was inference or not.

    `route` is a template, never a raw path. `status_code` is None when the app never started a response
    (servers answer 500 then). `request_bytes` is what the app received, `response_bytes` what it sent, None
    when the server was told to send a file.
    `exception_type` is the class name of the exception that left the app, None without one.
    """

    method: str
    route: str
    status_code: int | None
    duration_seconds: float
    request_bytes: int
    response_bytes: int | None
    exception_type: str | None


class HasLabels(Protocol):
    """Name the series a running request belongs to."""

    def http_labels(self) -> tuple[str, str]:
        """Return (method, route); safe to call from another thread, never raises."""


class Sink(Protocol):
    """Take what the observers have seen; nothing here blocks or waits for Redis, except the lifespan's two."""

    clock: Clock
    in_progress: set[HasLabels]
    prices: PriceBook

    def observe(self, observation: Observation) -> None:
        """Count one finished inference request."""

    def count_http(self, exchange: HttpExchange) -> None:
        """Count one finished HTTP request."""

    def count_fault(self, cause: str) -> None:
        """Count bad input that was set aside, such as `request_body_malformed`."""

    def internal_error(self, where: str, error: BaseException) -> None:
        """Count an exception inside tokenpulse; raises it only under test."""

    def ensure_started(self) -> None:
        """Start the background work on first use; cheap after that."""

    async def start(self) -> None:
        """Start the background work."""

    async def aclose(self) -> None:
        """Flush what is left, within 2 s; never raises, may be called again."""
