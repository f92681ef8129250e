"""The requests that the overhead is measured with, and the bare apps that answer them."""

import json
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final, NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.bench.vendor_streams import (
    ANTHROPIC_PATH,
    GEMINI_PATH,
    RESPONSES_PATH,
    anthropic_chunks,
    gemini_chunks,
    responses_chunks,
)

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

STREAM_CHUNKS: Final = 200
CHAT_PATH: Final = "/v1/chat/completions"
_SENTENCE: Final = "Tell me which of the two harbours the grain ships left from, and why. "
_ANSWER: Final = "The grain left from the northern harbour, which ice closes three weeks later. "


class Kind(NamedTuple):
    """Hold one kind of exchange: the bare app, how to ask it, bytes of the request's body."""

    app: App
    method: str
    path: str
    body: bytes


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _chat_request(*, stream: bool) -> bytes:
    messages = [
        {"role": "system", "content": "You answer briefly. " * 5},
        {"role": "user", "content": _SENTENCE * 10},
    ]
    body: dict[str, Any] = {"model": "gpt-4o-mini", "messages": messages, "temperature": 0.2}
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return _dump(body)


_USAGE: Final = {
    "prompt_tokens": 210,
    "completion_tokens": 80,
    "total_tokens": 290,
    "prompt_tokens_details": {"cached_tokens": 128},
    "completion_tokens_details": {"reasoning_tokens": 0},
}


def _chat_response() -> bytes:
    message = {"role": "assistant", "content": _ANSWER * 4, "refusal": None}
    return _dump(
        {
            "id": "chatcmpl-9aXk2",
            "object": "chat.completion",
            "created": 1_790_000_000,
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
            "usage": _USAGE,
            "system_fingerprint": "fp_44709d6fcb",
        }
    )


def _chunk(choices: list[dict[str, Any]], usage: dict[str, Any] | None) -> bytes:
    event = {
        "id": "chatcmpl-9aXk2",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": choices,
        "usage": usage,
    }
    return b"data: " + _dump(event) + b"\n\n"


def _stream_chunks() -> list[bytes]:
    """Return `STREAM_CHUNKS` bodies: the role, contents, the finish, the usage, the end's mark."""

    def choice(delta: dict[str, str], finish: str | None = None) -> list[dict[str, Any]]:
        return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]

    contents = [_chunk(choice({"content": f" word{at}"}), None) for at in range(STREAM_CHUNKS - 4)]
    head = _chunk(choice({"role": "assistant", "content": ""}), None)
    tail = [_chunk(choice({}, "stop"), None), _chunk([], _USAGE), b"data: [DONE]\n\n"]
    return [head, *contents, *tail]


def _endpoint(_: Request) -> Response:
    return Response()


_CHAT_ROUTE: Final = Route(CHAT_PATH, _endpoint, methods=["POST"])
_PLAIN_ROUTE: Final = Route("/items/{item}", _endpoint)
_ANTHROPIC_ROUTE: Final = Route(ANTHROPIC_PATH, _endpoint, methods=["POST"])
_GEMINI_ROUTE: Final = Route("/v1beta/models/{call}", _endpoint, methods=["POST"])
_RESPONSES_ROUTE: Final = Route(RESPONSES_PATH, _endpoint, methods=["POST"])
_OTHER_ROUTES: Final = [
    Route(path, _endpoint, methods=["GET", "POST"])
    for path in (
        "/healthz",
        "/readyz",
        "/v1/models",
        "/v1/models/{model:path}",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/moderations",
        "/v1/audio/transcriptions",
        "/v1/images/generations",
        "/v1/files",
    )
]
"""What a gateway has besides: starlette-exporter looks its route up among them again."""
_STARLETTE: Final = Starlette(
    routes=[
        *_OTHER_ROUTES[:4],
        *(_CHAT_ROUTE, _ANTHROPIC_ROUTE, _GEMINI_ROUTE, _RESPONSES_ROUTE),
        *_OTHER_ROUTES[4:],
        _PLAIN_ROUTE,
    ]
)


def _app(bodies: Sequence[bytes], content_type: bytes, route: Route) -> App:
    """Return an app that reads its request whole, then answers the bodies.

    It names its route in the scope as Starlette does: both middlewares label by that, neither counts without it.
    """
    headers = [(b"content-type", content_type)]
    named = {"route": route, "endpoint": _endpoint, "router": _STARLETTE.router, "path_params": {}}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope.update(named)
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        last = len(bodies) - 1
        for at, body in enumerate(bodies):
            await send({"type": "http.response.body", "body": body, "more_body": at < last})

    return app


_JSON: Final = Kind(
    _app([_chat_response()], b"application/json", _CHAT_ROUTE),
    "POST",
    CHAT_PATH,
    _chat_request(stream=False),
)
KINDS: Final[dict[str, Kind]] = {
    "json": _JSON,
    "priced json": _JSON,
    "stream": Kind(
        _app([*_stream_chunks(), b""], b"text/event-stream", _CHAT_ROUTE),
        "POST",
        CHAT_PATH,
        _chat_request(stream=True),
    ),
    "anthropic stream": Kind(
        _app([*anthropic_chunks(), b""], b"text/event-stream; charset=utf-8", _ANTHROPIC_ROUTE),
        "POST",
        ANTHROPIC_PATH,
        _chat_request(stream=True),
    ),
    "gemini stream": Kind(
        _app([*gemini_chunks(), b""], b"text/event-stream", _GEMINI_ROUTE),
        "POST",
        GEMINI_PATH,
        _chat_request(stream=True),
    ),
    "responses stream": Kind(
        _app([*responses_chunks(), b""], b"text/event-stream; charset=utf-8", _RESPONSES_ROUTE),
        "POST",
        RESPONSES_PATH,
        _chat_request(stream=True),
    ),
    "plain": Kind(_app([b"ok"], b"text/plain", _PLAIN_ROUTE), "GET", "/items/7", b""),
}


def scopes(kind: Kind) -> Callable[[], Scope]:
    """Return a function that gives a fresh scope, as uvicorn's inside a Starlette app."""
    headers = [
        (b"host", b"127.0.0.1:8000"),
        (b"accept", b"*/*"),
        (b"user-agent", b"OpenAI/Python 2.8.0"),
        (b"authorization", b"Bearer sk-none"),
    ]
    if kind.body:
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(kind.body)).encode())]
    fixed: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 51_234),
        "scheme": "http",
        "method": kind.method,
        "root_path": "",
        "path": kind.path,
        "raw_path": kind.path.encode(),
        "query_string": b"",
        "headers": headers,
        "app": _STARLETTE,
    }

    def fresh() -> Scope:
        return {**fixed, "state": {}}

    return fresh
