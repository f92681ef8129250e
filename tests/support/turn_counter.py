"""Count round trips: stand between a client and Redis, and note whenever a client speaks after it was answered."""

import asyncio
import contextlib
from typing import Self

_CHUNK_BYTES = 65536


class TurnCounter:
    """Forward TCP to a port of the loopback, within the running loop; `turns` counts requests that follow an answer.

    Commands that a client sends together are one turn, however many segments they come in.
    """

    def __init__(self, port: int) -> None:
        self._upstream_port = port
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.turns = 0

    @property
    def url(self) -> str:
        """Return the URL of database 0 through the counter."""
        assert self._server is not None
        return f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *exception: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        was_answered = [True]
        for task in (
            asyncio.create_task(self._forward(reader, upstream_writer, was_answered, is_request=True)),
            asyncio.create_task(self._forward(upstream_reader, writer, was_answered, is_request=False)),
        ):
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        was_answered: list[bool],
        *,
        is_request: bool,
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(_CHUNK_BYTES):
                self.turns += is_request and was_answered[0]
                was_answered[0] = not is_request
                target.write(data)
                await target.drain()
        target.close()
