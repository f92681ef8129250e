"""Which requests ask for usage on the caller's behalf; all others pass as they are."""

from typing import Any

import pytest

from tests.support.answers import chat_request
from tests.support.asgi import (
    CHAT,
    JSON_TYPE,
    SSE_TYPE,
    Message,
    body,
    http_scope,
    request,
    start,
    wrapped,
)
from tests.support.usage_exchange import ASKED, PLAIN, QUESTION, InjectionExchange, Listening
from tests.support.usage_streams import read_body, serving
from tokenpulse.reading.capture import WHOLE_BYTES


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("/openai/v1/chat/completions", "openai-chat"),
        ("/v1/completions", "openai-completions"),
        ("/openai/deployments/mine/chat/completions", "openai-chat"),
    ],
)
async def test_both_dialects(path: str, dialect: str) -> None:
    """Chat and the older completions, under any prefix."""
    exchange = InjectionExchange(serving())
    observation = await exchange.run(path=path)

    assert (observation.dialect, observation.usage_source) == (dialect, "reported")
    assert exchange.server.body == PLAIN


async def test_setting_is_off_by_default() -> None:
    """Without the setting the app is called before anything is read, and gets the server's own messages."""
    counts: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        counts.append(exchange.server.received)
        await serving()(scope, receive, send)
        counts.append(exchange.server.received)

    exchange = InjectionExchange(app)
    exchange.app = wrapped(app, exchange.sink)
    observation = await exchange.run()

    assert counts == [0, 1]
    assert exchange.server.body == PLAIN
    assert (observation.usage_source, observation.tokens_output) == ("unknown", None)


@pytest.mark.parametrize(
    ("headers", "scope"),
    [
        ([(b"content-type", b"multipart/form-data")], {}),
        ([(b"Content-Encoding", b"gzip")], {}),
        ([(b"content-digest", b"sha-256=:x:")], {}),
        ([(b"content-length", b"%d" % (WHOLE_BYTES + 1))], {}),
        ([(b"content-length", b"-1")], {}),
        ([(b"content-length", b"9" * 5000)], {}),
        ([], {"path": "/v1/messages"}),
        ([], {"path": "/v1/responses"}),
    ],
)
async def test_requests_that_are_not_read_ahead(headers: list[Any], scope: dict[str, Any]) -> None:
    """Another dialect, a body that is no JSON, encoded, signed or too long: the app is called at once."""
    received: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        received.append(exchange.server.received)
        assert scope is exchange.scope
        assert await read_body(receive) == QUESTION

    exchange = InjectionExchange(app)
    await exchange.run(*headers, **scope)

    assert received == [0]


async def test_other_methods_are_not_read_ahead() -> None:
    """Only POST is inference."""
    exchange = InjectionExchange(serving())
    await exchange.app(http_scope(method="PUT"), exchange.server.receive, exchange.server.send)

    assert exchange.sink.observations == []
    assert exchange.server.body == PLAIN


@pytest.mark.parametrize("headers", [[JSON_TYPE], [(b"content-type", b"application/vnd.x+json;v=1")], []])
@pytest.mark.parametrize(
    "content",
    [
        chat_request(),
        chat_request(stream=False),
        chat_request(stream=True, stream_options={"include_usage": False}),
        b"{nonsense",
        b"",
    ],
)
async def test_requests_that_stay_as_they_are(content: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """No stream, or a caller that has said what it wants: the same scope, the same messages, the same bytes."""
    incoming = [{**request(content[:5]), "more_body": True}, request(content[5:])]
    got: list[Message] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope is exchange.scope
        got.extend([await receive(), await receive()])
        await send(start(200, SSE_TYPE))
        await send(body(ASKED))

    exchange = InjectionExchange(app, incoming=list(incoming))
    await exchange.run(*headers)

    assert all(left is right for left, right in zip(got, incoming, strict=True))
    assert exchange.server.body == ASKED
    assert "include_usage_not_injected" not in exchange.sink.faults


async def test_caller_that_asked_gets_its_usage() -> None:
    """A caller that asked for usage itself gets all of it."""
    content = chat_request(stream=True, stream_options={"include_usage": True})
    exchange = InjectionExchange(serving(), incoming=[request(content)])
    observation = await exchange.run()

    assert exchange.server.body == ASKED
    assert observation.usage_source == "reported"


async def test_options_that_cannot_be_merged_are_counted() -> None:
    """The request passes as it is; the fault tells why usage is unknown."""
    content = chat_request(stream=True, stream_options={"continuous_usage_stats": True})
    exchange = InjectionExchange(serving(), incoming=[request(content)])
    observation = await exchange.run()

    assert exchange.server.body == PLAIN
    assert exchange.sink.faults == ["include_usage_not_injected"]
    assert observation.usage_source == "unknown"


async def test_outer_layer_that_measures_already() -> None:
    """Inside a layer that measures without injecting, nothing is injected: it would measure the request so."""
    app = Listening()
    exchange = InjectionExchange(app)
    exchange.app = wrapped(exchange.app, exchange.sink)
    await exchange.run()

    assert app.content == QUESTION


async def test_headers_that_can_be_read_once() -> None:
    """Headers given as an iterator belong to the app: they are not looked at, nothing is injected."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert list(scope["headers"]) == [JSON_TYPE]
        assert await read_body(receive) == QUESTION

    exchange = InjectionExchange(app)
    scope = {**http_scope(), "headers": iter([JSON_TYPE])}
    await exchange.app(scope, exchange.server.receive, exchange.server.send)

    assert exchange.sink.errors == []


async def test_websockets_and_lifespans_pass() -> None:
    """Other scopes are not looked at."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(receive)

    exchange = InjectionExchange(app)
    receive = exchange.server.receive
    await exchange.app({"type": "websocket", "path": CHAT}, receive, exchange.server.send)

    assert seen == [receive]
