"""Cut off connections that hold the server up: uvicorn itself waits for ever.

Bounds: a request's head is whole `head_seconds` after its connection began, or after its first byte on a
connection kept alive; what fills a connection's write buffer is taken within `write_seconds`: some 64 KB beside what
the kernel holds, so a client that reads 4 KB a second is never cut off.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

_Base: Any = AutoHTTPProtocol


class BoundedProtocol(_Base):  # type: ignore[misc]  # which of uvicorn's it is depends on what is installed
    """Serve one connection over HTTP/1.1, as uvicorn does, within these bounds."""

    head_seconds = 20.0
    write_seconds = 20.0

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for a request's head."""
        super().connection_made(transport)
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._is_upgraded = False
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        self._expect_nothing()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a head that has begun, no longer for one that is whole."""
        cycle = self.cycle
        super().data_received(data)
        if self.cycle is not cycle:
            self._expect_nothing()
        elif (cycle is None or cycle.response_complete) and not self._is_upgraded:
            self._expect_head()

    def handle_websocket_upgrade(self, *arguments: Any) -> None:
        """Leave the connection to the websocket."""
        self._is_upgraded = True
        self._expect_nothing()
        super().handle_websocket_upgrade(*arguments)

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(self.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Wait for it no longer: it did."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _expect_head(self) -> None:
        if self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _expect_nothing(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
