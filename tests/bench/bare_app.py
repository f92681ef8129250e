"""Serve fixed bytes by a bare Starlette app: `python -m tests.bench.bare_app DIRECTORY`.

The directory holds `routes.json`: for each path the content type and the file of its body. The server is the
reader's own, so that only the app differs. The address is the first line printed.
"""

import asyncio
import contextlib
import json
import sys
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.http.connections import BoundedProtocol
from tokenpulse_reader.http.serving import BackgroundServer, open_listener, stop_on_signals, wait_for_stop


def bare_app(directory: Path) -> Starlette:
    """Return an app with one route for each path."""
    described = json.loads((directory / "routes.json").read_text(encoding="utf-8"))
    return Starlette(
        routes=[_route(path, directory / name, kind) for path, (kind, name) in described.items()]
    )


def _route(path: str, file: Path, content_type: str) -> Route:
    body = file.read_bytes()

    async def answer(_: Request) -> Response:
        return Response(body, headers={"content-type": content_type})

    return Route(path, answer)


async def _serve(directory: Path) -> None:
    options = {"http": BoundedProtocol, "proxy_headers": False, "server_header": False}
    with contextlib.closing(open_listener("127.0.0.1", 0, flag="")) as listener, stop_on_signals() as stop:
        async with BackgroundServer(bare_app(directory), listener, name="bare", options=options) as server:
            print(server.url, flush=True)
            await wait_for_stop(stop, (server,))


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
