"""Tests of cutting off connections that hold the server up, over real sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import websockets.asyncio.client as websockets
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from tokenpulse_reader.http.bounded_sends import PIECE_BYTES, BoundedSends
from tokenpulse_reader.http.connections import BoundedProtocol
from tokenpulse_reader.http.serving import BackgroundServer, open_listener

LARGE = b"x" * (8 * 1024 * 1024)
SMALL_BUFFER_BYTES = 64 * 1024
GET_LARGE = b"GET /large HTTP/1.1\r\nhost: t\r\n\r\n"
GET_SMALL = b"GET /small HTTP/1.1\r\nhost: t\r\n\r\n"


class _Quick(BoundedProtocol):
    head_seconds = 0.15
    write_seconds = 0.3


class _Serving(NamedTuple):
    server: BackgroundServer
    port: int

    def unsent_bytes(self) -> int:
        """Return what all connections hold in the server's memory."""
        connections: Any = self.server._server.server_state.connections
        return sum(each.transport.get_write_buffer_size() for each in connections)


async def _large(_: Request) -> Response:
    return Response(LARGE)


async def _small(_: Request) -> Response:
    return Response(b"small")


async def _echo(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()


@contextlib.asynccontextmanager
async def serving(protocol: type[BoundedProtocol] = _Quick) -> AsyncIterator[_Serving]:
    routes = [Route("/large", _large), Route("/small", _small), WebSocketRoute("/echo", _echo)]
    app = BoundedSends(Starlette(routes=routes))
    with contextlib.closing(open_listener("127.0.0.1", 0, flag="--port")) as listener:
        port = listener.getsockname()[1]
        async with BackgroundServer(app, listener, name="x", options={"http": protocol}) as server:
            yield _Serving(server, port)


async def opened(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection that buffers little."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    return reader, writer


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    """Return what comes until the server ends the connection, in whatever way."""
    received = b""
    async with asyncio.timeout(20):
        with contextlib.suppress(ConnectionResetError):
            while piece := await reader.read(1 << 20):
                received += piece
    return received


@pytest.mark.parametrize("begun", [b"", b"G", b"GET / HTTP/1.1\r\nhost: t\r\nx: "])
async def test_a_head_that_does_not_come_is_not_waited_for(begun: bytes) -> None:
    """Nothing at all, or a part of it: the connection ends without an answer."""
    async with serving() as served:
        reader, writer = await opened(served.port)
        writer.write(begun)

        assert await rest_of(reader) == b""
        writer.close()


async def test_a_second_head_that_does_not_come_is_not_waited_for() -> None:
    """A connection that is kept alive ends too, once the next request has begun."""
    async with serving() as served:
        reader, writer = await opened(served.port)
        writer.write(GET_SMALL + b"GET /sma")
        answer = await reader.readuntil(b"small")
        writer.write(b"l")

        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert await rest_of(reader) == b""
        writer.close()


async def test_requests_in_time_are_served_on_one_connection() -> None:
    """Each head starts the waiting anew; a head in two pieces is a head."""
    async with serving() as served:
        reader, writer = await opened(served.port)
        for pieces in ((GET_SMALL,), (GET_SMALL[:10], GET_SMALL[10:]), (GET_SMALL,)):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)

            assert (await reader.readuntil(b"small")).startswith(b"HTTP/1.1 200 OK\r\n")
        writer.close()


async def test_a_client_that_does_not_read_is_cut_off() -> None:
    """It holds one piece in memory, not the whole body; others are served meanwhile."""
    async with serving() as served:
        stuck = [await opened(served.port) for _ in range(20)]
        for _, writer in stuck:
            writer.write(GET_LARGE)
        most_bytes = 0
        other_reader, other_writer = await opened(served.port)
        while not most_bytes or served.unsent_bytes():
            other_writer.write(GET_SMALL)
            await other_reader.readuntil(b"small")
            most_bytes = max(most_bytes, served.unsent_bytes())

        assert 0 < most_bytes <= 20 * (PIECE_BYTES + SMALL_BUFFER_BYTES)
        for reader, writer in stuck:
            assert len(await rest_of(reader)) < len(LARGE)
            writer.close()
        other_writer.close()


async def test_a_client_that_reads_on_is_not() -> None:
    """The waiting starts anew whenever it took what was there."""
    async with serving() as served:
        reader, writer = await opened(served.port)
        writer.write(GET_LARGE)
        received = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(len(LARGE))

        assert received.startswith(b"HTTP/1.1 200 OK\r\n")
        assert body == LARGE
        writer.close()


async def test_a_websocket_is_left_alone() -> None:
    """Its handshake is a head; after that it may be silent for as long as it likes."""
    async with (
        serving() as served,
        websockets.connect(f"ws://127.0.0.1:{served.port}/echo", proxy=None) as socket,
    ):
        reader, writer = await opened(served.port)
        await rest_of(reader)  # as long as a head is waited for
        await socket.send("still there")

        assert await socket.recv() == "still there"
        writer.close()
