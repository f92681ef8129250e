"""An app that answers vendors' own client packages as the vendors do: `bare` unwrapped, `app` wrapped, `injecting`
wrapped so that it asks for the usage of streams on the client's behalf.

The model that is asked for names the answer: `words-<anything>` is answered by the scenario `words`; with
`packed_` before it the answer is compressed. What was observed is printed: `observation {…}`, one a line.
"""

import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from itertools import chain
from typing import Final

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.support import (
    sdk_upstream_anthropic,
    sdk_upstream_cohere,
    sdk_upstream_cohere_v1,
    sdk_upstream_gemini,
    sdk_upstream_ollama,
    sdk_upstream_openai,
    sdk_upstream_responses,
)
from tests.support.sdk_upstream_reply import JSON, Json, Reply
from tests.support.written_lines import print_line
from tokenpulse import TokenPulseMiddleware
from tokenpulse_shared.records import Observation

PACKED: Final = "packed_"
_GZIP_BITS: Final = 31
_VENDORS: Final = (
    sdk_upstream_openai,
    sdk_upstream_responses,
    sdk_upstream_anthropic,
    sdk_upstream_gemini,
    sdk_upstream_ollama,
    sdk_upstream_cohere,
    sdk_upstream_cohere_v1,
)
_ROUTES: Final[Mapping[str, Callable[[str, Json], Reply]]] = dict(
    sorted(
        chain.from_iterable(vendor.ROUTES.items() for vendor in _VENDORS), key=lambda route: -len(route[0])
    )
)
"""What answers a path, by its end; the longer end first."""


def _model(path: str, asked: Json) -> str:
    """Return the model the body names, else the one in a path such as `/models/<model>:generateContent`."""
    named = asked.get("model")
    return named if isinstance(named, str) else path.rpartition("/")[2].partition(":")[0]


async def _pieces(reply: Reply, request: Request, is_packed: bool) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(wbits=_GZIP_BITS)
    for piece in reply.pieces:
        yield packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) if is_packed else piece
    if is_packed:
        yield packer.flush()
    while reply.is_held and not await request.is_disconnected():
        yield b": still here\n\n"


async def _answer(request: Request) -> Response:
    path, body = request.url.path, await request.body()
    asked = orjson.loads(body) if body else {}
    find = next((answer for end, answer in _ROUTES.items() if path.endswith(end)), None)
    if find is None:
        return PlainTextResponse(f"no vendor answers {path}", status_code=404)
    model = _model(path, asked)
    scenario = model.rpartition("-")[0]
    is_packed = scenario.startswith(PACKED)
    reply = find(scenario.removeprefix(PACKED), asked)
    headers = {"x-request-id": "req-1", "request-id": "req-1"}
    if is_packed:
        headers["content-encoding"] = "gzip"
    if reply.content_type == JSON and not is_packed:
        return Response(reply.pieces[0], reply.status, headers, JSON)
    return StreamingResponse(_pieces(reply, request, is_packed), reply.status, headers, reply.content_type)


def _print_observation(observation: Observation) -> None:
    print_line("observation", observation._asdict())


bare: Final = Starlette(routes=[Route("/{path:path}", _answer, methods=["GET", "POST"])])
app: Final = TokenPulseMiddleware(bare, on_observation=_print_observation)
injecting: Final = TokenPulseMiddleware(bare, on_observation=_print_observation, inject_include_usage=True)
