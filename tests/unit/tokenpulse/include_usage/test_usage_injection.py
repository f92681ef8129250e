"""Requests that ask for usage on the caller's behalf, through the middleware."""

import asyncio
from typing import Any

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Mount, Route

from tests.support.asgi import (
    CHAT,
    JSON_TYPE,
    SSE_TYPE,
    MemorySink,
    Message,
    Server,
    body,
    http_scope,
    request,
    start,
    wrapped,
)
from tests.support.clock import FakeClock
from tests.support.usage_exchange import ASKED, INJECTED, PLAIN, QUESTION, InjectionExchange, Listening
from tests.support.usage_streams import read_body, serving
from tokenpulse import annotate
from tokenpulse.annotations import SCOPE_KEY


async def test_client_gets_what_it_would_have_had() -> None:
    """The app is asked for usage, with a length that is right; we measure it; the client sees none of it."""
    app = Listening()
    exchange = InjectionExchange(app)
    observation = await exchange.run((b"Content-Length", b"%d" % len(QUESTION)), JSON_TYPE)

    assert app.content == INJECTED
    assert app.scope["headers"] == [
        (b"host", b"test"),
        (b"Content-Length", b"%d" % len(INJECTED)),
        JSON_TYPE,
    ]
    assert exchange.server.body == PLAIN
    assert (observation.tokens_input, observation.tokens_output) == (5, 4)
    assert (observation.usage_source, observation.outcome) == ("reported", "success")
    assert exchange.sink.exchanges[0].request_bytes == len(INJECTED)
    assert exchange.sink.exchanges[0].response_bytes == len(ASKED)


async def test_long_body_without_a_length_streams_through() -> None:
    """At most 256 KiB are read ahead, plus the rest of a message; then the app reads on by itself."""
    pieces = [b"x" * 65_536] * 6
    incoming = [*({**request(each), "more_body": True} for each in pieces), request(b"}")]
    received: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        received.append(exchange.server.received)
        assert await read_body(receive) == b"".join(pieces) + b"}"
        await send(start(200, JSON_TYPE))
        await send(body(b"{}"))

    exchange = InjectionExchange(app, incoming=incoming)
    await exchange.run()

    assert received == [5]


async def test_disconnect_while_the_body_is_read() -> None:
    """The app hears of the disconnect where it would have; the outcome says so."""
    got: list[Message] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        got.extend([await receive(), await receive(), await receive()])

    first = {**request(QUESTION), "more_body": True}
    exchange = InjectionExchange(app, incoming=[first])
    observation = await exchange.run()

    assert got == [first, {"type": "http.disconnect"}, {"type": "http.disconnect"}]
    assert observation.outcome == "client_disconnect"


async def test_cancelled_while_the_body_is_read() -> None:
    """A server that cancels before the app is called still leaves an observation."""

    async def receive() -> Message:
        raise asyncio.CancelledError

    exchange = InjectionExchange(serving())
    with pytest.raises(asyncio.CancelledError):
        await exchange.app(http_scope(), receive, exchange.server.send)

    assert [each.outcome for each in exchange.sink.observations] == ["cancelled"]
    assert exchange.sink.in_progress == set()


async def test_annotations_and_routes_reach_the_observation() -> None:
    """`annotate` works on the app's scope; the route the framework notes is ours and the outer layers' to read."""

    async def chat(asked: Request) -> StreamingResponse:
        assert annotate(asked.scope, provider="acme", model="own-7")
        assert (await asked.json())["stream_options"] == {"include_usage": True}
        return StreamingResponse(iter([ASKED[:40], ASKED[40:]]), media_type="text/event-stream")

    app = Starlette(routes=[Mount("/{tenant}", routes=[Route(CHAT, chat, methods=["POST"])])])
    sink, server = MemorySink(FakeClock()), Server([request(QUESTION)])
    scope = http_scope("/t1" + CHAT, asgi={"version": "3.0", "spec_version": "2.4"})
    await wrapped(app, sink, inject_include_usage=True)(scope, server.receive, server.send)
    (observation,) = sink.observations

    assert server.body == PLAIN
    assert (observation.provider, observation.model, observation.tokens_input) == ("acme", "own-7", 5)
    assert sink.exchanges[0].route == "/{tenant}/v1/chat/completions"
    assert scope["path_params"] == {"tenant": "t1"}
    assert SCOPE_KEY not in scope


async def test_time_of_reading_the_body_counts() -> None:
    """Latency begins with the request, as without the setting."""
    exchange = InjectionExchange(serving())
    clock = exchange.sink.clock

    async def receive() -> Message:
        clock.advance(1.5)  # type: ignore[attr-defined]  # a FakeClock
        return request(QUESTION)

    await exchange.app(http_scope(), receive, exchange.server.send)

    assert exchange.sink.observations[0].latency_seconds == 1.5
    assert exchange.sink.observations[0].ttft_seconds == 1.5


@pytest.mark.parametrize(
    ("error", "body_sent"),
    [(RuntimeError("broke"), b"data: a\n\nda"), (asyncio.CancelledError(), b"data: a\n\n")],
)
async def test_app_that_raises_within_an_event(error: BaseException, body_sent: bytes) -> None:
    """The bytes of an unfinished event reach the client, except where the server is cancelling us."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(200, SSE_TYPE))
        await send(body(b"data: a\n\nda", more=True))
        raise error

    exchange = InjectionExchange(app)
    with pytest.raises(type(error)) as raised:
        await exchange.run()

    assert raised.value is error
    assert exchange.server.body == body_sent
    assert len(exchange.sink.observations) == 1


async def test_app_that_returns_within_an_event() -> None:
    """The bytes of an unfinished event reach the client of an app that sends no final body."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(200, SSE_TYPE))
        await send(body(b"data: a\n\nda", more=True))

    exchange = InjectionExchange(app)
    observation = await exchange.run()

    assert exchange.server.body == b"data: a\n\nda"
    assert observation.outcome == "truncated"


async def test_installed_twice() -> None:
    """Two layers with the setting on: one observation, nothing added or taken out twice."""
    app = Listening()
    exchange = InjectionExchange(app)
    exchange.app = wrapped(exchange.app, exchange.sink, inject_include_usage=True)
    observation = await exchange.run()

    assert app.content == INJECTED
    assert exchange.server.body == PLAIN
    assert observation.usage_source == "reported"


@pytest.mark.parametrize("scope", [{"headers": [1]}, {"path": 7}])
async def test_scope_that_cannot_be_read(scope: dict[str, Any]) -> None:
    """A fault in choosing is counted; the app gets its request."""
    exchange = InjectionExchange(serving())

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["body"] == QUESTION

    exchange.app = wrapped(app, exchange.sink, inject_include_usage=True)
    await exchange.app({**http_scope(), **scope}, exchange.server.receive, exchange.server.send)

    assert "inject_usage" in [where for where, _ in exchange.sink.errors]


async def test_message_that_cannot_be_read() -> None:
    """A fault in reading ahead is counted; the app gets the message."""
    broken: Message = {"type": "http.request", "body": "text"}
    got: list[Message] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        got.append(await receive())

    exchange = InjectionExchange(app, incoming=[broken])
    await exchange.app(http_scope(), exchange.server.receive, exchange.server.send)

    assert got[0] is broken
    assert "inject_usage" in [where for where, _ in exchange.sink.errors]


async def test_refusal_passes_untouched() -> None:
    """A JSON error, from an upstream that knows no `stream_options` say, reaches the client as it is."""
    error = orjson.dumps({"error": {"message": "no such option"}, "usage": None, "choices": []})

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await read_body(receive)
        await send(start(400, JSON_TYPE, (b"content-length", b"%d" % len(error))))
        await send(body(error))

    exchange = InjectionExchange(app)
    observation = await exchange.run()

    assert exchange.server.body == error
    assert observation.outcome == "caller_error"
