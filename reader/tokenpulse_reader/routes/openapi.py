"""The route of the API's description."""

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.openapi.document import openapi_document
from tokenpulse_reader.openapi.table import OPERATIONS
from tokenpulse_shared import __version__


def routes() -> list[Route]:
    """Return `/openapi.json`, written once."""
    body = orjson.dumps(openapi_document(OPERATIONS, __version__))

    async def document(_: Request) -> Response:
        return Response(body, media_type="application/json")

    return [Route("/openapi.json", document)]
