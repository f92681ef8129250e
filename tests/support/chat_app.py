"""An inference app that does what its request's `behaviour` says, bare and wrapped.

`app` is wrapped, its settings come from the environment; `app_without_lifespan` raises on the lifespan, as an
app does that knows nothing of it. Every answer reports the same usage, so that sums are known beforehand.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tokenpulse import TokenPulseMiddleware

USAGE: Final = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16, "cost": 0.00125}
WORDS: Final = ("One", " two", " three", " four", " five")
ERROR_STATUS: Final = {"bad_request": 400, "rate_limit": 429, "overload": 503, "timeout": 504}


def _event(choices: list[dict[str, Any]], usage: Mapping[str, object] | None = None) -> bytes:
    body = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}
    return b"data: " + orjson.dumps({**body, "usage": usage}) + b"\n\n"


def _content(text: str) -> bytes:
    return _event([{"index": 0, "delta": {"content": text}, "finish_reason": None}])


async def _stream(behaviour: str, request: Request) -> AsyncIterator[bytes]:
    yield _event([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
    yield _content(WORDS[0])
    if behaviour == "hold":
        while not await request.is_disconnected():
            yield b": still here\n\n"
        return
    if behaviour == "cut":
        return
    if behaviour == "error_event":
        yield b'data: {"error": {"message": "upstream broke", "type": "server_error"}}\n\n'
        return
    for word in WORDS[1:]:
        yield _content(word)
    yield _event([{"index": 0, "delta": {}, "finish_reason": "stop"}])
    yield _event([], USAGE)
    yield b"data: [DONE]\n\n"


async def _chat(request: Request) -> Response:
    asked = orjson.loads(await request.body())
    behaviour = asked.get("behaviour", "answer")
    if behaviour == "raise":
        raise RuntimeError("the handler broke")
    if behaviour in ERROR_STATUS:
        error = {"error": {"message": f"{behaviour} happened", "type": behaviour}}
        return JSONResponse(error, status_code=ERROR_STATUS[behaviour])
    if asked.get("stream"):
        return StreamingResponse(_stream(behaviour, request), media_type="text/event-stream")
    message = {"role": "assistant", "content": "".join(WORDS)}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return JSONResponse({"id": "c1", "object": "chat.completion", "choices": [choice], "usage": USAGE})


async def _item(request: Request) -> Response:
    return PlainTextResponse(request.path_params["item"])


async def _boom(_: Request) -> Response:
    raise RuntimeError("this route always breaks")


bare: Final = Starlette(
    routes=[
        Route("/v1/chat/completions", _chat, methods=["POST"]),
        Route("/items/{item}", _item),
        Route("/boom", _boom),
    ]
)
app: Final = TokenPulseMiddleware(bare)


async def _raise_on_lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        raise RuntimeError("this app has no lifespan")
    await bare(scope, receive, send)


app_without_lifespan: Final = TokenPulseMiddleware(_raise_on_lifespan)
