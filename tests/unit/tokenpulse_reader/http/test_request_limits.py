"""Tests of the limits on requests."""

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.support.asgi import Message, Server, body, http_scope, start
from tokenpulse_reader.http.problems import HANDLERS
from tokenpulse_reader.http.request_limits import MAX_BODY_BYTES, MAX_TARGET_BYTES, RequestLimits

CHUNKED = (b"Transfer-Encoding", b"chunked")
CLOSING = (b"connection", b"close")


async def _length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def _blind(_: Request) -> Response:
    return PlainTextResponse("read nothing")


def limited(**options: float) -> RequestLimits:
    """Return an app whose `/length` reads the body, whose `/blind` does not."""
    routes = [Route("/length", _length, methods=["GET", "POST"]), Route("/blind", _blind, methods=["POST"])]
    return RequestLimits(Starlette(routes=routes, exception_handlers=HANDLERS), **options)


def pieces(count: int, length: int) -> list[Message]:
    """Return a body in that many messages."""
    piece = b"x" * length
    return [{"type": "http.request", "body": piece, "more_body": at < count - 1} for at in range(count)]


async def asked(
    path: str, *headers: tuple[bytes, bytes], incoming: list[Message], **extra: Any
) -> tuple[Server, int]:
    """Return the server after an exchange, with the answer's status."""
    server = Server(incoming)
    await limited()(http_scope(path, headers=list(headers), **extra), server.receive, server.send)
    return server, server.sent[0]["status"]


def is_closing(server: Server) -> bool:
    return CLOSING in server.sent[0]["headers"]


@pytest.mark.parametrize("head", [(b"Content-Length", str(MAX_BODY_BYTES).encode()), CHUNKED])
async def test_a_body_of_the_limit_passes(head: tuple[bytes, bytes]) -> None:
    """64 KiB are not too many, announced or not."""
    server, status = await asked("/length", head, incoming=pieces(4, MAX_BODY_BYTES // 4))

    assert (status, server.body, is_closing(server)) == (200, b"65536", False)


async def test_an_announced_body_is_refused_unread() -> None:
    """The route never runs; what still comes is dropped before the answer ends, then the connection closes."""
    length = str(MAX_BODY_BYTES + 1).encode()
    server, status = await asked(
        "/length", (b"content-length", length), incoming=pieces(3, MAX_BODY_BYTES // 2)
    )

    assert (status, is_closing(server), server.received) == (413, True, 3)
    assert b'"code":"body_too_large"' in server.body
    assert [message.get("more_body") for message in server.sent] == [None, True, False]


async def test_a_body_without_a_length_is_refused_when_it_gets_too_large() -> None:
    """After the limit a bounded part of the rest is dropped, not a gigabyte."""
    server, status = await asked("/length", CHUNKED, incoming=pieces(16_384, MAX_BODY_BYTES))

    assert (status, is_closing(server)) == (413, True)
    assert server.received == 2 + 64
    assert server.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


@pytest.mark.parametrize("length", [b"-1", b"1e3", b"", b"9" * 30, b"\xb2"])
async def test_a_length_that_is_none_counts_as_unknown(length: bytes) -> None:
    """The body is counted as it comes."""
    _, status = await asked("/length", (b"content-length", length), incoming=pieces(2, MAX_BODY_BYTES))

    assert status == 413


async def test_a_chunked_body_that_nobody_reads_closes_the_connection() -> None:
    """Else the server would have to swallow it, whatever its size."""
    server, status = await asked("/blind", CHUNKED, incoming=pieces(10_000, MAX_BODY_BYTES))

    assert (status, server.body, is_closing(server)) == (200, b"read nothing", True)
    assert server.received == 64


async def test_a_streamed_answer_to_an_unread_body_stays_whole() -> None:
    """Only its end waits for the rest of the body."""
    streamed = [start(), body(b"a", more=True), body(b"b")]

    async def app(_: Any, __: Any, send: Any) -> None:
        for message in streamed:
            await send(message)

    server = Server(pieces(2, 10))
    await RequestLimits(app)(http_scope(headers=[CHUNKED]), server.receive, server.send)

    assert (server.body, is_closing(server), server.received) == (b"ab", True, 2)
    assert [message.get("more_body") for message in server.sent] == [None, True, True, False]


async def test_a_small_body_that_nobody_reads_does_not() -> None:
    """The connection stays, the body is the server's to skip."""
    server, status = await asked("/blind", (b"content-length", b"10"), incoming=pieces(1, 10))

    assert (status, is_closing(server), server.received) == (200, False, 0)


async def test_the_rest_ends_with_the_client() -> None:
    """A client that leaves is not waited for."""
    server, status = await asked("/blind", CHUNKED, incoming=[])

    assert (status, server.received) == (200, 1)


async def test_no_body_no_limits() -> None:
    """The app gets the server's own `receive`."""
    server, status = await asked("/length", method="GET", incoming=pieces(1, 0))

    assert (status, server.body) == (200, b"0")


async def test_a_slow_body_is_408() -> None:
    """What is not whole in time ends the request, without waiting for the rest."""
    server = Server()

    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    app = limited(body_seconds=0.0)
    async with asyncio.timeout(10):
        await app(http_scope("/length", headers=[(b"content-length", b"5")]), never, server.send)

    assert (server.sent[0]["status"], is_closing(server)) == (408, True)
    assert b'"code":"too_slow"' in server.body


async def test_a_whole_body_has_no_deadline() -> None:
    """An answer that goes on for hours may wait for its client to leave."""
    left = asyncio.Event()
    incoming = iter(pieces(1, 5))

    async def receive() -> Message:
        message = next(incoming, None)
        if message is None:
            await left.wait()
            return {"type": "http.disconnect"}
        return message

    async def listening(_: Any, receive: Any, __: Any) -> None:
        await receive()
        waiting = asyncio.create_task(receive())
        await asyncio.sleep(0)
        assert not waiting.done()
        left.set()
        assert await waiting == {"type": "http.disconnect"}

    app = RequestLimits(listening, body_seconds=0.0)
    await app(http_scope(headers=[CHUNKED]), receive, Server().send)


@pytest.mark.parametrize(
    ("raw_path", "query", "status"),
    [
        (b"/length", b"q" * (MAX_TARGET_BYTES - 7), 200),
        (b"/length", b"q" * (MAX_TARGET_BYTES - 6), 414),
        (b"/length" + b"/" * MAX_TARGET_BYTES, b"", 414),
        (None, b"q" * MAX_TARGET_BYTES, 200),
    ],
)
async def test_a_long_target_is_414(raw_path: bytes | None, query: bytes, status: int) -> None:
    """Path and query count together."""
    target = {"raw_path": raw_path, "query_string": query}
    _, given = await asked("/length", method="GET", incoming=pieces(1, 0), **target)

    assert given == status


async def test_what_is_no_http_passes() -> None:
    """A lifespan has no body."""
    seen: list[str] = []

    async def app(scope: Any, _: Any, __: Any) -> None:
        seen.append(scope["type"])

    await RequestLimits(app)({"type": "lifespan"}, Server().receive, Server().send)

    assert seen == ["lifespan"]
