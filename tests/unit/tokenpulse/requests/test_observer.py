"""One request, one observation: times, outcomes, and messages left alone."""

import asyncio
from typing import Any

import pytest

from tests.support.answers import chat_answer, chat_request, delta, short_stream
from tests.support.asgi import (
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
from tests.support.exchange import Exchange
from tokenpulse.sink import HttpExchange
from tokenpulse_shared.records import Observation


def stream_messages(pieces: list[bytes]) -> list[Message]:
    return [start(200, SSE_TYPE), *(body(piece, more=True) for piece in pieces), body(b"")]


async def test_json_answer() -> None:
    """A whole JSON answer gives tokens, model, finish reason and latency, but no time to first token."""
    run = Exchange()
    run.server.on_send = lambda message: run.clock.advance(0.25)
    app = replay(
        [start(200, JSON_TYPE), body(chat_answer())], before_each=lambda message: run.clock.advance(1.0)
    )
    observation = await run.run(app)

    assert observation == Observation(
        provider="openai",
        model="openai/gpt-4o",
        operation="chat",
        dialect="openai-chat",
        streaming=False,
        status_code=200,
        outcome="success",
        finish_reason="stop",
        started_at=1_700_000_000.0,
        latency_seconds=2.5,
        ttfb_seconds=1.0,
        send_wait_seconds=0.5,
        tokens_input=12,
        tokens_output=7,
        tokens_cached=4,
        tokens_reasoning=2,
        usage_source="reported",
        response_model="gpt-4o-2024-11-20",
        endpoint="/v1/chat/completions",
        provider_vouched=True,
    )
    assert run.sink.exchanges == [
        HttpExchange("POST", "/v1/chat/completions", 200, 2.5, len(chat_request()), len(chat_answer()), None)
    ]


async def test_stream_times_are_taken_before_send() -> None:
    """Each message 1 s to make and 0.5 s to send: first content is the third event, stamped before its send."""
    run = Exchange()
    run.server.on_send = lambda message: run.clock.advance(0.5)
    app = replay(stream_messages(short_stream()), before_each=lambda message: run.clock.advance(1.0))
    observation = await run.run(app)

    assert observation.ttfb_seconds == 1.0
    assert observation.ttft_seconds == 4.0
    assert observation.first_visible_seconds == 5.5
    assert observation.tpot_seconds == (7.0 - 4.0) / (4 - 1)
    assert observation.send_wait_seconds == 9 * 0.5
    assert observation.latency_seconds == 9 * 1.5
    assert observation.streaming is True
    assert (observation.tokens_input, observation.tokens_output) == (5, 4)
    assert (observation.outcome, observation.usage_source) == ("success", "reported")
    assert (observation.finish_reason, observation.response_model) == ("stop", "m-2025")


async def test_wall_clock_jump_changes_no_duration() -> None:
    """A clock set an hour back in mid-request leaves durations alone."""
    run = Exchange()

    def jump(message: Message) -> None:
        run.clock.advance(1.0)
        run.clock.jump(-3600.0)

    observation = await run.run(replay([start(200, JSON_TYPE), body(chat_answer())], before_each=jump))

    assert observation.latency_seconds == 2.0


async def test_background_work_is_not_latency() -> None:
    """The observation is made when the final body was sent, whatever the app does after."""
    run = Exchange()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(200, JSON_TYPE))
        await send(body(chat_answer()))
        assert len(run.sink.observations) == 1
        run.clock.advance(60.0)

    observation = await run.run(app)

    assert observation.latency_seconds == 0.0


async def test_disconnect_in_mid_stream() -> None:
    """A client that leaves before the final body: client_disconnect, its first token kept, usage unknown."""
    run = Exchange()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(start(200, SSE_TYPE))
        run.clock.advance(1.0)
        await send(body(delta(content="a"), more=True))
        assert (await receive())["type"] == "http.disconnect"

    observation = await run.run(app)

    assert (observation.outcome, observation.ttft_seconds) == ("client_disconnect", 1.0)
    assert observation.is_provider_fault is False
    assert (observation.tokens_output, observation.usage_source) == (None, "unknown")


async def test_disconnect_with_usage_so_far_is_partial() -> None:
    """Usage on every chunk, then a disconnect: what was counted is kept as partial."""
    run = Exchange()
    counted = b'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}],"usage":{"prompt_tokens":5,"completion_tokens":%d}}\n\n'

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(start(200, SSE_TYPE))
        for count in (1, 2, 3):
            await send(body(counted % count, more=True))
        await receive()

    observation = await run.run(app)

    assert (observation.tokens_input, observation.tokens_output) == (5, 3)
    assert observation.usage_source == "partial"


async def test_disconnect_after_the_end_does_not_count() -> None:
    """Servers say disconnect after every normal end."""
    run = Exchange()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(start(200, JSON_TYPE))
        await send(body(chat_answer()))
        assert (await receive())["type"] == "http.disconnect"

    assert (await run.run(app)).outcome == "success"


async def test_app_that_never_receives() -> None:
    """No receive: nothing is known of the request, the answer counts."""
    run = Exchange()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(200, JSON_TYPE))
        await send(body(chat_answer()))

    observation = await run.run(app)

    assert run.server.received == 0
    assert (observation.outcome, observation.model) == ("success", "gpt-4o-2024-11-20")


@pytest.mark.parametrize("at", [0, 1, 2])
async def test_server_raises_from_send(at: int) -> None:
    """OSError out of the server's send means that the client left; the same object goes on."""
    run = Exchange()
    error = ConnectionResetError("gone")

    def fail(message: Message) -> None:
        if len(run.server.sent) == at + 1:
            raise error

    run.server.on_send = fail
    app = wrapped(replay([start(200, SSE_TYPE), body(delta(content="a"), more=True), body(b"")]), run.sink)
    with pytest.raises(ConnectionResetError) as caught:
        await app(http_scope(), run.server.receive, run.server.send)

    assert caught.value is error
    assert run.only().outcome == "client_disconnect"


@pytest.mark.parametrize(
    "error", [ValueError("a prompt"), KeyboardInterrupt(), SystemExit(3), ExceptionGroup("g", [ValueError()])]
)
@pytest.mark.parametrize("is_started", [False, True])
async def test_app_raises(error: BaseException, is_started: bool) -> None:
    """The exception goes on as it was, one frame deeper; its class is recorded, its text never."""
    run = Exchange()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if is_started:
            await send(start(200, SSE_TYPE))
        raise error.with_traceback(None)

    with pytest.raises(type(error)) as caught:
        await wrapped(app, run.sink)(http_scope(), run.server.receive, run.server.send)
    observation = run.only()
    name = type(error).__name__

    assert caught.value is error
    assert len(caught.traceback) == 3  # this test, __call__, the app
    assert (observation.outcome, observation.error_type) == ("app_exception", name)
    assert observation.error_message == name
    assert observation.status_code == (200 if is_started else 500)
    assert run.sink.exchanges[0].status_code == (200 if is_started else None)
    assert run.sink.exchanges[0].exception_type == name


async def test_framework_answers_500_then_raises() -> None:
    """Starlette's outermost middleware sends a 500, then lets the exception go on: an app exception."""
    run = Exchange()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(500))
        await send(body(b"Internal Server Error"))
        raise ValueError

    with pytest.raises(ValueError):
        await wrapped(app, run.sink)(http_scope(), run.server.receive, run.server.send)

    assert run.only().outcome == "app_exception"
    assert run.sink.exchanges[0].exception_type == "ValueError"


@pytest.mark.parametrize("is_disconnected", [False, True])
async def test_cancelled(is_disconnected: bool) -> None:
    """A cancelled request is recorded and stays cancelled; after a disconnect it is the client's doing."""
    run = Exchange()
    is_waiting = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if is_disconnected:
            await receive()
        is_waiting.set()
        await asyncio.Event().wait()

    task = asyncio.ensure_future(wrapped(app, run.sink)(http_scope(), run.server.receive, run.server.send))
    await is_waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert run.only().outcome == ("client_disconnect" if is_disconnected else "cancelled")


@pytest.mark.parametrize(
    "messages", [[], [start(200, JSON_TYPE)], [start(200, JSON_TYPE), body(b"{", more=True)]]
)
async def test_app_returns_too_early(messages: list[Message]) -> None:
    """No start, or no final body: truncated."""
    run = Exchange()
    observation = await run.run(replay(messages))

    assert observation.outcome == "truncated"
    assert observation.status_code == (200 if messages else 500)


@pytest.mark.parametrize(
    ("pieces", "outcome"),
    [
        ([delta(content="a")], "truncated"),
        ([delta(content="a"), b"data: [DONE]\n\n"], "success"),
        ([delta(content="a"), delta("length")], "success"),
        ([], "truncated"),
        (
            [delta(content="a"), b'data: {"error":{"message":"m","type":"server_error"}}\n\n'],
            "provider_error",
        ),
        ([b'data: {"error":{"message":"m","code":429}}\n\n', b"data: [DONE]\n\n"], "rate_limit"),
        ([delta(content="a"), b'error: {"code":500,"message":"slot"}\n\n'], "provider_error"),
        ([b'event: error\ndata: {"error":{"message":"m","type":"timeout"}}\n\n'], "timeout"),
        ([delta("error", content="")], "provider_error"),
    ],
)
async def test_outcome_of_a_stream(pieces: list[bytes], outcome: str) -> None:
    """A stream ends well with a finish reason or [DONE]; an error inside it decides."""
    observation = await Exchange().run(replay(stream_messages(pieces)))

    assert observation.outcome == outcome


async def test_every_choice_must_finish() -> None:
    """With n = 2, one finish reason alone is a truncated answer."""
    for pieces, outcome in (
        ([delta("stop", 0)], "truncated"),
        ([delta("stop", 0), delta(content="x", index=1), delta("length", 1)], "success"),
    ):
        run = Exchange()
        run.server = Server([request(chat_request(n=2))])
        observation = await run.run(replay(stream_messages(pieces)))

        assert (observation.outcome, observation.finish_reason) == (outcome, "stop")


@pytest.mark.parametrize(
    ("status", "content", "outcome", "error_type", "message"),
    [
        (401, b'{"error":{"message":"no sk-abcdefghij","type":"auth"}}', "caller_error", "auth", "no ***"),
        (429, b'{"error":"slow down"}', "rate_limit", None, "slow down"),
        (
            422,
            b'{"detail":[{"msg":"field required","input":"PROMPT"}]}',
            "caller_error",
            None,
            "field required",
        ),
        (500, b"<html>oops</html>", "provider_error", None, "<html>oops</html>"),
        (500, b"", "provider_error", None, None),
        (502, b"bad gateway", "network", None, "bad gateway"),
        (504, b'{"detail":"late"}', "timeout", None, "late"),
        (408, b'{"message":"late","code":17}', "timeout", None, "late"),
        (529, b'{"error":{"message":"busy","code":"overloaded"}}', "provider_error", "overloaded", "busy"),
        (200, b'{"error":{"message":"no","code":502}}', "provider_error", None, "no"),
        (
            200,
            b'{"object":"error","message":"no","type":"BadRequestError"}',
            "provider_error",
            "BadRequestError",
            "no",
        ),
    ],
)
async def test_errors(
    status: int, content: bytes, outcome: str, error_type: str | None, message: str | None
) -> None:
    """An error of any shape: outcome by status, type and masked message from the body."""
    observation = await Exchange().run(replay([start(status, JSON_TYPE), body(content)]))

    assert observation.outcome == outcome
    assert (observation.error_type, observation.error_message) == (error_type, message)


async def test_messages_are_the_same_objects() -> None:
    """Every message goes on as the object it was, also odd and unknown ones, bytearrays and memoryviews."""
    run = Exchange()
    content = chat_answer()
    messages: list[Message] = [
        {"type": "http.response.early_hint", "links": [b"</a>"]},
        {"type": "http.response.start", "status": 200, "headers": iter([JSON_TYPE])},
        {"type": "http.response.debug", "info": {}},
        {"type": "http.response.push", "path": "/", "headers": []},
        {"type": "x.unknown"},
        {"type": "http.response.body", "more_body": True},
        {"type": "http.response.body", "body": bytearray(content[:9]), "more_body": True},
        {"type": "http.response.body", "body": memoryview(content[9:])},
    ]
    observation = await run.run(replay(messages, before_each=lambda message: run.clock.advance(1.0)))

    assert all(sent is message for sent, message in zip(run.server.sent, messages, strict=True))
    assert list(messages[1]["headers"]) == [JSON_TYPE]
    assert (observation.tokens_input, observation.ttfb_seconds) == (12, 2.0)
    assert run.sink.exchanges[0].response_bytes == len(content)


async def test_reused_message_and_buffer() -> None:
    """An app that reuses one dict and one bytearray for all it sends is read as it was when it sent."""
    run = Exchange()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(200, SSE_TYPE))
        buffer = bytearray()
        message: Message = {"type": "http.response.body", "more_body": True}
        for piece in short_stream():
            buffer[:] = piece
            message["body"] = buffer
            await send(message)
        buffer[:] = b""
        message["more_body"] = False
        await send(message)
        message.clear()

    observation = await run.run(app)

    assert (observation.tokens_output, observation.finish_reason) == (4, "stop")


async def test_trailers_end_the_response() -> None:
    """Announced trailers come after the final body: the request ends with the last of them."""
    run = Exchange()
    messages: list[Message] = [
        {**start(200, JSON_TYPE), "trailers": True},
        body(chat_answer()),
        {"type": "http.response.trailers", "headers": [], "more_trailers": True},
        {"type": "http.response.trailers", "headers": []},
    ]
    observation = await run.run(replay(messages, before_each=lambda message: run.clock.advance(1.0)))

    assert (observation.outcome, observation.latency_seconds) == ("success", 4.0)


@pytest.mark.parametrize("kind", ["http.response.pathsend", "http.response.zerocopysend"])
async def test_files_sent_by_the_server(kind: str) -> None:
    """A file the server sends itself ends the response; its size is not known."""
    run = Exchange()
    observation = await run.run(replay([start(200, JSON_TYPE), {"type": kind, "path": "/f", "file": 3}]))

    assert (observation.outcome, observation.usage_source) == ("success", "unknown")
    assert run.sink.exchanges[0].response_bytes is None


async def test_compressed_answer_has_timing_only() -> None:
    """A body whose encoding cannot be read is opaque: no tokens, no first token, still a success."""
    for encoding, fault in ((b"gzip", "response_undecodable"), (b"rot13", "response_encoding_unknown")):
        run = Exchange()
        messages = [start(200, SSE_TYPE, (b"content-encoding", encoding)), body(b"\x1f\x8b" * 9)]
        observation = await run.run(replay(messages))

        assert (observation.outcome, observation.ttft_seconds) == ("success", None)
        assert (observation.tokens_input, observation.usage_source) == (None, "unknown")
        assert observation.streaming is True
        assert run.sink.faults == [fault]


@pytest.mark.parametrize("headers", [(), (JSON_TYPE,), ((b"Content-Type", b"text/event-stream"),)])
async def test_stream_is_known_by_type_or_first_bytes(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    """A stream without content type, or labelled as JSON, is told by how it begins."""
    messages = [start(200, *headers), *(body(piece, more=True) for piece in short_stream()), body(b"")]
    observation = await Exchange().run(replay(messages))

    assert (observation.streaming, observation.tokens_output) == (True, 4)


@pytest.mark.parametrize("status", [204, 304])
async def test_answer_without_body(status: int) -> None:
    """204 and 304 have no body on the wire and no first token."""
    run = Exchange()
    observation = await run.run(replay([start(status), body(b"dropped by the server")]))

    assert (observation.outcome, observation.ttft_seconds) == ("success", None)
    assert run.sink.exchanges[0].response_bytes == 0


async def test_two_requests_at_once() -> None:
    """Interleaved requests share nothing."""
    sink = MemorySink(FakeClock(), raise_internal_errors=True)
    turns = [asyncio.Event(), asyncio.Event()]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        me = scope["me"]
        await send(start(200, SSE_TYPE))
        for piece in short_stream()[: 7 - 3 * me]:
            turns[1 - me].set()
            await turns[me].wait()
            await send(body(piece, more=True))
        turns[1 - me].set()
        await send(body(b""))

    middleware = wrapped(app, sink)
    servers = [Server([request(chat_request(f"a/{me}"))]) for me in (0, 1)]
    await asyncio.gather(
        *(middleware(http_scope(me=me), servers[me].receive, servers[me].send) for me in (0, 1))
    )
    outcomes = {observation.model: observation.outcome for observation in sink.observations}

    assert outcomes == {"a/0": "success", "a/1": "truncated"}


async def test_exception_after_the_final_body_changes_nothing() -> None:
    """What fails after a complete answer is no fault of the answer; it still goes on."""
    run = Exchange()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await replay([start(200, JSON_TYPE), body(chat_answer())])(scope, receive, send)
        raise OSError

    with pytest.raises(OSError):
        await wrapped(app, run.sink)(http_scope(), run.server.receive, run.server.send)

    assert run.only().outcome == "success"


async def test_send_after_the_end() -> None:
    """A message after the final body passes to the server, whose exception changes no record."""
    run = Exchange()

    def fail(message: Message) -> None:
        if len(run.server.sent) == 3:
            raise OSError

    run.server.on_send = fail
    app = wrapped(replay([start(200, JSON_TYPE), body(chat_answer()), body(b"late")]), run.sink)
    with pytest.raises(OSError):
        await app(http_scope(), run.server.receive, run.server.send)

    assert run.only().outcome == "success"


@pytest.mark.parametrize("asked", [None, True, False])
async def test_streaming_is_what_was_asked_without_an_answer(asked: bool | None) -> None:
    """When no response tells whether it streams, the request does."""
    run = Exchange()
    run.server = Server([request(chat_request(**({} if asked is None else {"stream": asked})))])

    assert (await run.run(replay([]))).streaming is asked


async def test_long_compressed_answer_is_not_kept() -> None:
    """An opaque body is counted, never held."""
    run = Exchange()
    messages = [
        start(200, JSON_TYPE, (b"content-encoding", b"br")),
        *[body(b"x" * 100_000, more=True)] * 5,
        body(b""),
    ]
    observation = await run.run(replay(messages))

    assert observation.outcome == "success"
    assert run.sink.exchanges[0].response_bytes == 500_000


@pytest.mark.parametrize("kind", [bytes, bytearray])
async def test_last_piece_may_be_the_big_one(kind: type) -> None:
    """A final message beyond the bound is cut like any other."""
    run = Exchange()
    answer = chat_answer(padding="x" * 300_000)
    observation = await run.run(replay([start(200, JSON_TYPE), body(kind(answer))]))

    assert observation.response_model == "gpt-4o-2024-11-20"
