"""What servers and apps may do around a request: cancel it anywhere, receive at will, jump the clock, end oddly."""

import asyncio
import logging
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
from tokenpulse import Recorder, TokenPulseMiddleware

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


async def test_views_of_wide_items() -> None:
    """A view of items of eight bytes counts by its bytes, not by its items."""
    sink, server = MemorySink(FakeClock(), raise_internal_errors=True), Server()
    messages: list[Message] = [
        start(200),
        {"type": "http.response.body", "body": memoryview(b"8" * 40).cast("Q")},
    ]
    await wrapped(replay(messages), sink)(http_scope("/plain"), server.receive, server.send)

    assert sink.exchanges[0].response_bytes == 40


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


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("error", [RuntimeError("ours"), MemoryError()])
@pytest.mark.parametrize(
    "target",
    [
        "tokenpulse.recorder.Recorder.observe",
        "tokenpulse.recorder.Recorder.count_http",
        "tokenpulse.recorder.Recorder.ensure_started",
        "tokenpulse.recorder.Recorder.count_fault",
        "tokenpulse.intake.Intake.add_observation",
        "tokenpulse.intake.Intake.add_exchange",
        "tokenpulse.guard.Guard.count",
        "tokenpulse.plain.route_template",
        "tokenpulse.plain.method_label",
        "tokenpulse.plain.PlainObserver._note",
        "tokenpulse.plain.PlainObserver._stop",
        "tokenpulse.plain.PlainObserver._record",
    ],
)
async def test_recorder_that_fails_never_shows(
    target: str, error: Exception, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever of the real recorder fails, even what counts the failures, the answer is what it was."""
    recorder = Recorder(redis_url="memory://")
    server = Server([request(chat_request(model=7))])

    def fail(*arguments: Any) -> None:
        raise error

    try:
        with monkeypatch.context() as patch:
            patch.setattr(target, fail)
            app = TokenPulseMiddleware(replay(ANSWER), recorder=recorder)
            await app(http_scope(path), server.receive, server.send)
    finally:
        recorder.close()

    assert server.sent == ANSWER
    assert recorder.in_progress == set()


@pytest.mark.parametrize("path", PATHS)
async def test_log_handler_that_raises_never_shows(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app's own log handler that raises on our error line costs the line, not the answer."""

    class Raising(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("no disk")

    recorder, handler = Recorder(redis_url="memory://"), Raising()
    server = Server([{"type": "http.request", "body": object()}])
    logging.getLogger("tokenpulse").addHandler(handler)
    try:
        app = TokenPulseMiddleware(replay(ANSWER), recorder=recorder)
        await app(http_scope(path), server.receive, server.send)
    finally:
        logging.getLogger("tokenpulse").removeHandler(handler)
        recorder.close()

    assert server.sent == ANSWER
    assert recorder.stats()["counts"]["error:receive"] == 1
