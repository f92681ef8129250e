"""The route at `/api/live`: server-sent events of snapshot changes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tokenpulse_reader.http.problems import problem_response
from tokenpulse_reader.live.live import LiveClient, LiveFeed
from tokenpulse_reader.live.live_events import GREETING, HEARTBEAT
from tokenpulse_reader.snapshots.snapshots import Snapshots
from tokenpulse_shared.errors import StoreError

PATH: Final = "/api/live"
HEARTBEAT_SECONDS: Final = 15.0
SEND_SECONDS: Final = 30.0
"""Longest wait for a client to take an event; our own server cuts it off before (see `connections`)."""
_RETRY_AFTER_SECONDS: Final = 10
_HEADERS: Final = {"content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no"}


def routes(
    snapshots: Snapshots,
    feed: LiveFeed,
    *,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    send_seconds: float = SEND_SECONDS,
) -> list[Route]:
    """Return `/api/live`; it is 503 while nothing is known."""

    async def refresh() -> None:
        with contextlib.suppress(StoreError):
            await snapshots.current()

    async def live(request: Request) -> Response:
        await snapshots.current()
        if request.method == "HEAD":
            return Response(headers=_HEADERS)
        last_event_id = request.headers.get("last-event-id")
        return _LiveStream(feed, last_event_id, refresh, heartbeat_seconds, send_seconds)

    return [Route(PATH, live)]


class _LiveStream(Response):
    """Stream events to one client until it leaves, reads too slowly, or the server stops."""

    def __init__(
        self,
        feed: LiveFeed,
        last_event_id: str | None,
        refresh: Callable[[], Awaitable[None]],
        heartbeat_seconds: float,
        send_seconds: float,
    ) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._feed = feed
        self._last_event_id = last_event_id
        self._refresh = refresh
        self._heartbeat_seconds = heartbeat_seconds
        self._send_seconds = send_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = self._feed.join(self._last_event_id)
        if client is None:
            headers = {"Retry-After": str(_RETRY_AFTER_SECONDS)}
            message = "too many clients listen, or the server is about to stop"
            refusal = problem_response(503, "too_many_clients", message, headers=headers)
            await refusal(scope, receive, send)
            return
        listening = asyncio.create_task(_close_when_left(receive, client))
        try:
            await self._stream(client, send)
        except TimeoutError:
            return  # too slow: the answer stays unfinished, so the server closes the connection
        finally:
            self._feed.leave(client)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _stream(self, client: LiveClient, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await self._send_piece(send, GREETING)
        while client.is_open:
            event = client.next_event()
            if event is not None:
                await self._send_piece(send, event)
            elif not await client.wait(self._heartbeat_seconds):
                await self._refresh()
                await self._send_piece(send, client.age_event() or HEARTBEAT)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_piece(self, send: Send, piece: bytes) -> None:
        async with asyncio.timeout(self._send_seconds):
            await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _close_when_left(receive: Receive, client: LiveClient) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    client.close()
