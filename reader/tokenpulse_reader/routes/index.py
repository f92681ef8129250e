"""The route at `/`: which endpoints there are."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tokenpulse_reader.http.responses import json_response
from tokenpulse_shared import __version__


def routes(listed: Sequence[BaseRoute]) -> list[Route]:
    """Return `/`, which lists the routes given."""
    endpoints = [
        {"path": route.path.replace(":path}", "}"), "methods": sorted(route.methods or ())}
        for route in listed
        if isinstance(route, Route)
    ]

    async def index(_: Request) -> Response:
        return json_response({"name": "tokenpulse", "version": __version__, "endpoints": endpoints})

    return [Route("/", index)]
