"""Send large bodies in pieces, so that a client that reads slowly holds one piece in memory, not a whole body."""

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PIECE_BYTES: Final = 128 * 1024
"""A server waits before it takes the next piece while more than its own 64 KB are unsent."""
_BREATH_BYTES: Final = 4 * PIECE_BYTES
"""Others get their turn in between; asyncio logs a warning at the fifth write to a connection that broke."""


class BoundedSends:
    """Wrap an app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand everything on; a body message of more than `PIECE_BYTES` as several."""

        async def send_in_pieces(message: Message) -> None:
            body = message.get("body", b"")
            if len(body) <= PIECE_BYTES:
                await send(message)
                return
            last = len(body) - PIECE_BYTES
            for start in range(0, last, PIECE_BYTES):
                piece = body[start : start + PIECE_BYTES]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                if start % _BREATH_BYTES == 0:
                    await asyncio.sleep(0)
            at = -(-last // PIECE_BYTES) * PIECE_BYTES
            await send({**message, "body": body[at:]})

        await self._app(scope, receive, send_in_pieces)
