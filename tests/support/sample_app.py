"""A small OpenAI-shaped app whose answers are always the same."""

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

not_an_app = 42


async def _answer(request: Request) -> Response:
    model = orjson.loads(await request.body())["model"]
    body = {
        "id": "sample",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16, "cost": 0.00125},
    }
    return Response(orjson.dumps(body), media_type="application/json")


app = Starlette(routes=[Route("/v1/chat/completions", _answer, methods=["POST"])])
