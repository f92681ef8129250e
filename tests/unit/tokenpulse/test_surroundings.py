"""What servers and apps may do around a request: cancel it anywhere, receive at will, jump the clock, end oddly."""

import asyncio
import tracemalloc
from types import MappingProxyType
from typing import Any

import pytest

from tests.support.answers import chat_answer, chat_request, short_stream
from tests.support.asgi import (
    CHAT,
    JSON_TYPE,
    SSE_TYPE,
    MemorySink,
    Message,
    Server,
    body,
    http_scope,
    replay,
    request,
    start,
    wrapped,
)
from tests.support.clock import FakeClock
from tests.support.scripted import Conversation, Script, Step

STREAM: list[Message] = [
    start(200, SSE_TYPE),
    *(body(piece, more=True) for piece in short_stream()),
    body(b""),
]
ANSWER: list[Message] = [start(200, JSON_TYPE), body(chat_answer())]
PATHS = [CHAT, "/plain"]


def test_cancelled_at_every_await() -> None:
    """Wherever a stream is cancelled: one record; `cancelled` until its final body is out, a success from then on."""
    steps = [Step("receive"), *(Step("send", message=dict(message)) for message in STREAM), Step("pause")]
    outcomes: list[str] = []
    for turn in range(1, 40):
        script = Script(steps, [dict(request(chat_request()))], turns=2, cancelled_at=turn)
        sink, conversation = MemorySink(FakeClock(), raise_internal_errors=True), Conversation(script)
        asyncio.run(conversation.play(lambda app, sink=sink: wrapped(app, sink), http_scope()))  # type: ignore[misc]

        assert [each.status_code for each in sink.exchanges] == [200 if conversation.server_saw else None]
        assert (sink.errors, sink.in_progress) == ([], set())
        (observation,) = sink.observations
        outcomes.append(observation.outcome)
        if isinstance(conversation.raised, asyncio.CancelledError):
            assert observation.outcome in ("cancelled", "success")
        else:
            assert (conversation.raised, observation.outcome) == (None, "success")
    cancelled = outcomes.count("cancelled")

    assert cancelled > 2 * len(STREAM)  # each call of the server takes two turns
    assert outcomes == ["cancelled"] * cancelled + ["success"] * (len(outcomes) - cancelled)


@pytest.mark.parametrize("path", PATHS)
async def test_receive_is_the_apps_alone(path: str) -> None:
    """Called twice at once, and after the end, `receive` reaches the server as often, in the order of the calls."""
    sink = MemorySink(FakeClock(), raise_internal_errors=True)
    halves = [
        {"type": "http.request", "body": chat_request()[:9], "more_body": True},
        {"type": "http.request", "body": chat_request()[9:], "more_body": False},
    ]
    server, seen = Server(halves), list[Message]()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(await asyncio.gather(receive(), receive()))
        await replay(ANSWER)(scope, receive, send)
        seen.append(await receive())

    await wrapped(app, sink)(http_scope(path), server.receive, server.send)

    assert seen == [*halves, {"type": "http.disconnect"}]
    assert server.received == 4  # `replay` reads once as well
    assert sink.exchanges[0].request_bytes == len(chat_request())
    assert [each.model for each in sink.observations] == (["openai/gpt-4o"] if path == CHAT else [])


@pytest.mark.parametrize("seconds", [3_600.0, -3_600.0])
@pytest.mark.parametrize("path", PATHS)
async def test_wall_clock_jumps_an_hour(path: str, seconds: float) -> None:
    """A wall clock set forth or back in mid-request leaves every duration as it is."""
    clock = FakeClock()
    sink, server = MemorySink(clock, raise_internal_errors=True), Server([request(chat_request())])

    def tick(message: Message) -> None:
        clock.advance(0.5)
        clock.jump(seconds)

    await wrapped(replay(STREAM, before_each=tick), sink)(http_scope(path), server.receive, server.send)

    assert sink.exchanges[0].duration_seconds == 4.5
    for observation in sink.observations:
        assert observation.latency_seconds == 4.5
        assert (observation.ttfb_seconds, observation.ttft_seconds) == (0.5, 1.5)


@pytest.mark.parametrize("kind", [memoryview, bytearray])
@pytest.mark.parametrize("path", PATHS)
async def test_sizes_are_bytes(path: str, kind: Any) -> None:
    """Bodies of any buffer count by their bytes, both ways."""
    sink = MemorySink(FakeClock(), raise_internal_errors=True)
    server = Server([{"type": "http.request", "body": kind(chat_request())}])
    pieces = [kind(piece) for piece in short_stream()]
    messages = [start(200, SSE_TYPE), *(body(piece, more=True) for piece in pieces), body(b"")]
    await wrapped(replay(messages), sink)(http_scope(path), server.receive, server.send)
    (exchange,) = sink.exchanges

    assert exchange.request_bytes == len(chat_request())
    assert exchange.response_bytes == len(b"".join(short_stream()))


@pytest.mark.parametrize("path", PATHS)
async def test_views_of_wide_items(path: str) -> None:
    """A view of items of eight bytes counts by its bytes, not by its items."""
    sink, server = MemorySink(FakeClock(), raise_internal_errors=True), Server()
    messages: list[Message] = [
        start(200),
        {"type": "http.response.body", "body": memoryview(b"8" * 40).cast("Q")},
    ]
    await wrapped(replay(messages), sink)(http_scope(path), server.receive, server.send)

    assert sink.exchanges[0].response_bytes == 40


@pytest.mark.parametrize("path", PATHS)
async def test_request_of_100_mb_is_not_held(path: str) -> None:
    """However long a request is, little of it is held: this test's own two pieces are most of the peak."""
    sink, mebibyte = MemorySink(FakeClock(), raise_internal_errors=True), 1 << 20
    incoming = ({"type": "http.request", "body": bytes(mebibyte), "more_body": at < 99} for at in range(100))
    server, app = Server(incoming), wrapped(replay(ANSWER), sink)
    tracemalloc.start()
    try:
        await app(http_scope(path), server.receive, server.send)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert sink.exchanges[0].request_bytes == 100 * mebibyte
    assert peak < 3.5 * mebibyte


@pytest.mark.parametrize("path", PATHS)
async def test_scope_that_cannot_be_written(path: str) -> None:
    """Such a request is served unmeasured, the failure counted; nothing stays in progress."""
    sink, server = MemorySink(FakeClock()), Server([request(chat_request())])
    await wrapped(replay(ANSWER), sink)(MappingProxyType(http_scope(path)), server.receive, server.send)  # type: ignore[arg-type]  # what a server may not, but could, give

    assert server.sent == ANSWER
    assert [where for where, _ in sink.errors] == ["begin"]
    assert (sink.exchanges, sink.in_progress) == ([], set())


async def test_bodies_that_are_none() -> None:
    """A body given as None brings nothing, and is no fault."""
    sink, server = (
        MemorySink(FakeClock(), raise_internal_errors=True),
        Server([{"type": "http.request", "body": None}]),
    )
    messages: list[Message] = [start(200), {"type": "http.response.body", "body": None}]
    await wrapped(replay(messages), sink)(http_scope("/plain"), server.receive, server.send)

    assert (sink.exchanges[0].request_bytes, sink.exchanges[0].response_bytes) == (0, 0)


@pytest.mark.parametrize(
    ("method", "status", "length"), [("HEAD", 200, 0), ("GET", 204, 0), ("GET", 304, 0), ("GET", 200, None)]
)
async def test_file_under_a_status_without_body(method: str, status: int, length: int | None) -> None:
    """A file's size is unknown, except where nothing of it is sent."""
    sink, server = MemorySink(FakeClock(), raise_internal_errors=True), Server()
    messages: list[Message] = [start(status), {"type": "http.response.pathsend", "path": "/a"}]
    await wrapped(replay(messages), sink)(http_scope("/a", method), server.receive, server.send)

    assert sink.exchanges[0].response_bytes == length


async def test_status_given_as_text() -> None:
    """Hypercorn takes a status that is text; so it is counted under its number."""
    sink, server = MemorySink(FakeClock(), raise_internal_errors=True), Server()
    messages: list[Message] = [{"type": "http.response.start", "status": "201"}, body(b"")]
    await wrapped(replay(messages), sink)(http_scope("/plain"), server.receive, server.send)

    assert sink.exchanges[0].status_code == 201
