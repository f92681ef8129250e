"""What is followed, what is left alone, and what happens when measuring itself fails."""

import contextvars
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from tests.support.answers import chat_answer, chat_request, short_stream
from tests.support.asgi import (
    CHAT,
    JSON_TYPE,
    SSE_TYPE,
    MemorySink,
    Server,
    body,
    http_scope,
    replay,
    request,
    start,
    wrapped,
)
from tests.support.clock import FakeClock
from tokenpulse.annotations import SCOPE_KEY
from tokenpulse.requests.endpoints import Endpoints
from tokenpulse.sink import HttpExchange
from tokenpulse_shared.errors import SettingsError
from tokenpulse_shared.records import Observation

ANSWER = [start(200, JSON_TYPE), body(chat_answer())]


def memory(**settings: Any) -> MemorySink:
    return MemorySink(FakeClock(), **settings)


async def run(app: Any, sink: MemorySink, content: bytes = b"", **options: Any) -> Server:
    scope = options.pop("scope", None) or http_scope()
    server = Server([request(content or chat_request())])
    await wrapped(app, sink, **options)(scope, server.receive, server.send)
    return server


@pytest.mark.parametrize("kind", ["websocket", "x.unknown"])
async def test_other_scopes_pass_untouched(kind: str) -> None:
    """A websocket gets the server's own scope, receive, send."""
    sink, seen = memory(), []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, receive, send))

    scope, server = {"type": kind}, Server()
    receive, send = server.receive, server.send
    await wrapped(app, sink)(scope, receive, send)

    assert seen == [(scope, receive, send)]
    assert scope == {"type": kind}
    assert sink.exchanges == []


@pytest.mark.parametrize(
    ("method", "path", "label"),
    [
        ("POST", "/v1/chat/completions", "/v1/chat/completions"),
        ("POST", "/any/prefix/chat/completions", "/v1/chat/completions"),
        ("POST", "/v1/completions", "/v1/completions"),
        ("POST", "/completions", "/v1/completions"),
        ("POST", "/openai/v1/embeddings", "/v1/embeddings"),
        ("GET", "/v1/chat/completions", None),
        ("POST", "/v1/chat/completions/42", None),
        ("POST", "/v1/models", None),
    ],
)
async def test_which_paths_are_inference(method: str, path: str, label: str | None) -> None:
    """POST to a known suffix is inference; everything is counted as HTTP."""
    sink = memory(raise_internal_errors=True)
    await run(replay(ANSWER), sink, scope=http_scope(path, method))

    assert [observation.endpoint for observation in sink.observations] == ([] if label is None else [label])
    assert [exchange.route for exchange in sink.exchanges] == [label or "__unmatched__"]


async def test_deployment_path_names_the_model() -> None:
    """Azure names the deployment in the path, the body need not."""
    sink = memory()
    await run(replay(ANSWER), sink, b"{}", scope=http_scope("/openai/deployments/gpt-mine/chat/completions"))

    assert sink.observations[0].model == "gpt-mine"


async def test_installed_twice_counts_once() -> None:
    """The outer one owns the request; the marker is gone afterwards."""
    outer, inner = memory(), memory()
    scope = http_scope()
    await run(wrapped(replay(ANSWER), inner), outer, scope=scope)

    assert (len(outer.observations), len(inner.observations)) == (1, 0)
    assert (len(outer.exchanges), len(inner.exchanges)) == (1, 0)
    assert SCOPE_KEY not in scope


async def test_mounted_wrapped_app_counts_once() -> None:
    """Frameworks copy the scope for a mounted app: it still carries the marker."""
    outer, inner = memory(raise_internal_errors=True), memory()
    app = Starlette(routes=[Mount("/sub/{tenant}", app=wrapped(replay(ANSWER), inner))])
    await run(app, outer, scope=http_scope("/sub/acme/v1/chat/completions"))

    assert (len(outer.observations), len(inner.observations)) == (1, 0)


async def test_no_extra_receive() -> None:
    """receive() is called as often as the app calls it."""
    sink = memory()
    server = await run(replay(ANSWER), sink)

    assert server.received == 1


async def test_context_variables_reach_the_outside() -> None:
    """The app runs in its caller's task and context."""
    seen: contextvars.ContextVar[str] = contextvars.ContextVar("seen", default="")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.set("inside")
        await replay(ANSWER)(scope, receive, send)

    await run(app, memory())

    assert seen.get() == "inside"


async def test_plain_request() -> None:
    """A plain request has a route template, sizes, a duration; unknown methods share one label."""
    sink = memory(raise_internal_errors=True)

    async def endpoint(request: Request) -> JSONResponse:
        sink.clock.advance(0.5)  # type: ignore[attr-defined]
        return JSONResponse({"length": len(await request.body())})

    app = Starlette(
        routes=[Mount("/t/{tenant}", routes=[Route("/items/{id:int}", endpoint, methods=["PUT", "BREW"])])]
    )
    for method in ("PUT", "BREW"):
        await run(app, sink, b"four", scope=http_scope("/t/acme/items/7", method))

    assert sink.exchanges == [
        HttpExchange("PUT", "/t/{tenant}/items/{id}", 200, 0.5, 4, 12, None),
        HttpExchange("OTHER", "/t/{tenant}/items/{id}", 200, 0.5, 4, 12, None),
    ]


async def test_plain_head_has_no_bytes() -> None:
    """The server drops the body of an answer to HEAD."""
    sink = memory()
    await run(replay([start(200), body(b"dropped")]), sink, scope=http_scope("/", "HEAD"))

    assert sink.exchanges[0].response_bytes == 0


async def test_plain_exception() -> None:
    """An exception of a plain request is counted by its class."""
    sink = memory()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await run(app, sink, scope=http_scope("/x", "GET"))

    assert sink.exchanges == [HttpExchange("GET", "__unmatched__", None, 0.0, 0, 0, "LookupError")]
    assert sink.in_progress == set()


async def test_running_requests_are_in_progress() -> None:
    """While the app runs, its request tells (method, route) to whoever asks."""
    sink, seen = memory(), []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(running.http_labels() for running in sink.in_progress)
        await replay(ANSWER)(scope, receive, send)
        assert sink.in_progress == set()

    await run(app, sink)
    await run(app, sink, scope=http_scope("/x", "GET"))

    assert seen == [("POST", CHAT), ("GET", "__unmatched__")]


async def test_callback_gets_each_observation() -> None:
    """on_observation sees what was recorded; its exceptions are counted, never the app's."""
    sink, seen = memory(), []

    def callback(observation: Observation) -> None:
        seen.append(observation)
        raise RuntimeError

    server = await run(replay(ANSWER), sink, on_observation=callback)

    assert seen == sink.observations
    assert [where for where, _ in sink.errors] == ["on_observation"]
    assert server.sent == ANSWER


def test_wrong_setting_stops_the_start() -> None:
    """A setting that cannot be used names itself."""
    with pytest.raises(SettingsError, match="flush_interval"):
        wrapped(replay([]), memory(), flush_interval="soon")


@pytest.mark.parametrize(
    "target",
    [
        "tokenpulse.requests.endpoints.Endpoints.find",
        "tokenpulse.requests.observer.with_piece",
        "tokenpulse.reading.request_reader.json_object",
        "tokenpulse.requests.observer.AnswerReader.start",
        "tokenpulse.requests.observer.AnswerReader.finish",
        "tokenpulse.requests.observer.conclude",
        "tokenpulse.requests.observer.method_label",
        "tokenpulse.requests.naming.Naming.find",
        "tokenpulse.dialects.openai_chat.OpenAIChat.request",
        "tokenpulse.dialects.openai_chat.OpenAIChat.event",
        "tokenpulse.requests.plain.PlainObserver._is_last",
        "tests.support.asgi.MemorySink.observe",
        "tests.support.asgi.MemorySink.count_http",
        "tests.support.asgi.MemorySink.count_fault",
        "tests.support.asgi.MemorySink.ensure_started",
        "tests.support.clock.FakeClock.monotonic",
        "tests.support.clock.FakeClock.time",
    ],
)
@pytest.mark.parametrize("error", [RuntimeError("ours"), MemoryError(), RecursionError()])
async def test_internal_failure_never_shows(
    target: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails inside tokenpulse, the app's answer is untouched and the failure is counted."""
    sink = memory()
    messages = [
        {"type": "http.response.early_hint", "links": []},
        start(200, SSE_TYPE),
        *(body(piece, more=True) for piece in short_stream()),
        body(b""),
    ]

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise error

    app = wrapped(replay(messages), sink)
    monkeypatch.setattr(target, fail)
    server = Server([request(chat_request(model=7))])
    await app(http_scope(), server.receive, server.send)

    assert server.sent == messages
    assert sink.errors != []
    assert all(raised is error for _, raised in sink.errors)
    assert sink.in_progress == set()


async def test_failure_while_folding_never_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when a long answer is folded in mid-stream."""
    sink = memory()

    def fail(*args: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("tokenpulse.requests.observer.AnswerReader.fold", fail)
    messages = [start(200, JSON_TYPE), body(b"x" * 300_000, more=True), body(b"")]
    server = await run(replay(messages), sink)

    assert server.sent == messages
    assert [where for where, _ in sink.errors] == ["send"]


@pytest.mark.parametrize("path", [CHAT, "/plain"])
@pytest.mark.parametrize("reads", [2, 3, 4, 5, 6])
async def test_clock_that_fails_in_mid_request(
    path: str, reads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that stops working after some reads costs the measurement, not the answer."""
    sink = memory()
    left = [reads]

    def failing() -> float:
        left[0] -= 1
        if left[0] < 0:
            raise OSError("no clock")
        return 1.0

    monkeypatch.setattr(sink.clock, "monotonic", failing)
    server = await run(replay(ANSWER), sink, scope=http_scope(path))

    assert server.sent == ANSWER
    assert sink.in_progress == set()


@pytest.mark.parametrize("path", [CHAT, "/plain"])
async def test_messages_of_wrong_types(path: str) -> None:
    """Bodies that are no bytes pass, to fail where they would have failed; ours is counted."""
    sink = memory()
    odd: list[Any] = [start(200, JSON_TYPE), {"type": "http.response.body", "body": object()}]
    server = Server([{"type": "http.request", "body": object()}])
    await wrapped(replay(odd), sink)(http_scope(path), server.receive, server.send)

    assert server.sent == odd
    assert [where for where, _ in sink.errors] == ["receive", "send"]


@pytest.mark.parametrize(
    "kind", ["http.response.pathsend", "http.response.zerocopysend", "http.response.trailers"]
)
async def test_plain_response_ended_otherwise(kind: str) -> None:
    """A plain response may end with a file or with trailers."""
    sink = memory(raise_internal_errors=True)
    is_trailing = kind.endswith("trailers")
    messages: list[Any] = [
        {**start(200), "trailers": is_trailing},
        body(b"ab", more=not is_trailing),
        {"type": kind},
    ]
    await run(replay(messages), sink, scope=http_scope("/", "GET"))

    # What the server reads of a file is not known.
    assert (sink.exchanges[0].status_code, sink.exchanges[0].response_bytes) == (
        200,
        2 if is_trailing else None,
    )


async def test_labels_survive_a_scope_in_motion() -> None:
    """The flush thread may ask while the app rewrites the scope: it gets a label, never an exception."""
    sink, seen = memory(), []

    class Broken:
        @property
        def path_format(self) -> str:
            raise RuntimeError

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["route"] = Broken()
        seen.extend(running.http_labels() for running in sink.in_progress)
        del scope["route"]
        await replay(ANSWER)(scope, receive, send)

    await run(app, sink, scope=http_scope("/", "GET"))

    assert seen == [("OTHER", "__unmatched__")]
    assert sink.exchanges[0].route == "__unmatched__"


async def test_many_paths_stay_bounded() -> None:
    """Paths are remembered up to a bound; beyond it they are matched anew, with the same result."""
    endpoints = Endpoints()
    for number in range(1_100):
        found = endpoints.find(f"/{number}/chat/completions")

        assert found is not None
        assert found.label == CHAT
    assert endpoints.find("/" + "x" * 1_000) is None
    assert endpoints.cached_paths == 1_024
