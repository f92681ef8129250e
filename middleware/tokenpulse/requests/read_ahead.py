"""Read a request's body before the app asks for it; give the app what was read.

Invariants: what the server gave reaches the app in its order, as the same objects, unless it was replaced; what
the server's `receive` raised is raised where it would have been.
Bounds: at most the bytes asked for are read, plus the rest of one message; at most `MAX_MESSAGES` messages.
"""

from collections import deque
from typing import Final

from tokenpulse.asgi import Message, Receive

MAX_MESSAGES: Final = 4096
"""Most messages a body is read from: empty ones could go on without end."""


class ReadAhead:
    """Stand between a server's `receive` and the app's."""

    __slots__ = ("_messages", "_raised", "_receive")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._messages: deque[Message] = deque()
        self._raised: Exception | None = None

    async def read(self, most_bytes: int) -> bytes | None:
        """Return the whole body; None if it is longer, or does not come to its end."""
        pieces: list[bytes] = []
        room_bytes = most_bytes
        while room_bytes >= 0 and len(self._messages) < MAX_MESSAGES:
            try:
                message = await self._receive()
            except Exception as error:  # noqa: BLE001 - raised again when the app asks
                self._raised = error
                return None
            self._messages.append(message)
            if message["type"] != "http.request":
                return None
            pieces.append(bytes(message.get("body") or b""))
            room_bytes -= len(pieces[-1])
            if not message.get("more_body"):
                return b"".join(pieces) if room_bytes >= 0 else None
        return None

    def replace(self, body: bytes) -> None:
        """Give the app this body in one message, in place of what was read."""
        first = self._messages[0]
        self._messages = deque(({**first, "body": body, "more_body": False},))

    async def receive(self) -> Message:
        """Give the app what was read, then what the server gives."""
        if self._messages:
            return self._messages.popleft()
        if self._raised is not None:
            error, self._raised = self._raised, None
            raise error
        return await self._receive()
