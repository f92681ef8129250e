"""Refuse requests that are larger, or come slower, than anything this service takes.

Bounds: a target of `MAX_TARGET_BYTES`, a body of `MAX_BODY_BYTES` that is whole within `BODY_SECONDS`.
Strategy: what announces too much is refused unread, what sends too much when it does, both with 413. The rest
of a body that nobody reads is read and dropped for a moment before the answer ends, so that a client still
sending gets to see it; then the connection is closed.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tokenpulse_reader.http.problems import ProblemError, problem_response

MAX_BODY_BYTES: Final = 64 * 1024
MAX_TARGET_BYTES: Final = 16 * 1024
"""Room for every metric's name in `name[]`."""
BODY_SECONDS: Final = 20.0
_DROPPED_BYTES: Final = 4 * 1024 * 1024
_DROPPED_SECONDS: Final = 2.0


class RequestLimits:
    """Wrap an app."""

    def __init__(self, app: ASGIApp, *, body_seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what is within the limits; what has no body as it is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = _announced_bytes(scope["headers"])
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_TARGET_BYTES:
            message = f"path and query may have {MAX_TARGET_BYTES} bytes together"
            await problem_response(414, "target_too_long", message)(scope, receive, send)
        elif announced == 0:
            await self._app(scope, receive, send)
        else:
            exchange = _Exchange(receive, send, announced, self._body_seconds)
            app = self._app if (announced or 0) <= MAX_BODY_BYTES else _refuse
            await app(scope, exchange.receive, exchange.send)


class _Exchange:
    """Follow one request that has a body; `announced_bytes` is None for one without a length."""

    def __init__(
        self, receive: Receive, send: Send, announced_bytes: int | None, body_seconds: float
    ) -> None:
        self._receive = receive
        self._send = send
        self._must_close = announced_bytes is None or announced_bytes > MAX_BODY_BYTES
        self._deadline = asyncio.get_running_loop().time() + body_seconds
        self._received_bytes = 0
        self._is_whole = False
        self._is_worth_dropping = True

    async def receive(self) -> Message:
        """Return the next message.

        Raises:
            ProblemError: 413 when the body got too large, 408 when it is not whole in time.
        """
        try:
            async with asyncio.timeout_at(None if self._is_whole else self._deadline):
                message = await self._take()
        except TimeoutError as error:
            self._must_close, self._is_worth_dropping = True, False
            raise ProblemError(408, "too_slow", "the request's body did not come in time") from error
        if self._received_bytes > MAX_BODY_BYTES:
            raise _too_large()
        return message

    async def send(self, message: Message) -> None:
        """Send the answer on; it closes the connection when the body's rest would have to be read for it."""
        if self._is_whole or not self._must_close:
            await self._send(message)
        elif message["type"] == "http.response.start":
            headers = [*message.get("headers", ()), (b"connection", b"close")]
            await self._send({**message, "headers": headers})
        else:
            is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
            await self._send({**message, "more_body": True} if is_last else message)
            if is_last:
                if self._is_worth_dropping:
                    await self._drop_rest()
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _take(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._received_bytes += len(message.get("body", b""))
            self._is_whole = not message.get("more_body", False)
        else:
            self._is_whole = True
        return message

    async def _drop_rest(self) -> None:
        most = self._received_bytes + _DROPPED_BYTES
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DROPPED_SECONDS):
                while not self._is_whole and self._received_bytes < most:
                    await self._take()


def _announced_bytes(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Return the length of the body, 0 without one, None when its head does not tell."""
    for name, value in headers:
        lowered = name.lower()
        if lowered == b"transfer-encoding":
            return None
        if lowered == b"content-length":
            return int(value) if value.isdigit() and len(value) < 20 else None
    return 0


def _too_large() -> ProblemError:
    return ProblemError(413, "body_too_large", f"a body may have {MAX_BODY_BYTES} bytes")


async def _refuse(scope: Any, receive: Receive, send: Send) -> None:
    error = _too_large()
    await problem_response(error.status, error.code, str(error))(scope, receive, send)
