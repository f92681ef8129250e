"""Labels are templates of routes, whatever is mounted where; a raw value never becomes one."""

from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Host, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.support.asgi import MemorySink, Server, http_scope, wrapped
from tests.support.clock import FakeClock
from tokenpulse.route_template import method_label, route_template


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


async def label_of(app: ASGIApp, path: str, **extra: Any) -> str:
    """Return the label under which the app's request is counted."""
    sink, server = MemorySink(FakeClock(), raise_internal_errors=True), Server()
    await wrapped(app, sink)(http_scope(path, "GET", **extra), server.receive, server.send)
    (exchange,) = sink.exchanges
    return exchange.route


def opaque(app: ASGIApp) -> ASGIApp:
    """Return an app that does not tell what is inside."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return call


ITEMS: list[BaseRoute] = [Route("/", answer), Route("/items/{id}", answer)]
INNER = Starlette(routes=ITEMS)
APP = Starlette(
    routes=[
        Route("/items/{id}", answer),
        Mount("/t/{tenant:int}", routes=ITEMS),
        Mount("/same/{id}", routes=ITEMS),
        Mount("/a/{first}", routes=[Mount("/b/{second:uuid}", routes=ITEMS), Mount("/c", app=INNER)]),
        Mount("/middle", app=GZipMiddleware(INNER)),
        Mount("/own", routes=[Mount("/deep", app=INNER)], middleware=[Middleware(GZipMiddleware)]),
        Mount("/opaque/{x}", app=opaque(Starlette(routes=[Mount("/y", routes=ITEMS)]))),
        Mount("/files", app=opaque(PlainTextResponse("a file"))),
        Host("other.test", app=Starlette(routes=[Mount("/on/{host}", routes=ITEMS)])),
        Host("test", app=Starlette(routes=[Mount("/at/{host}", routes=ITEMS)])),
    ]
)


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/items/7", "/items/{id}"),
        ("/t/007/items/7", "/t/{tenant}/items/{id}"),
        ("/t/7/", "/t/{tenant}/"),
        ("/same/secret/items/7", "/same/{id}/items/{id}"),
        (
            "/a/x/b/6F9619FF-8B86-D011-B42D-00C04FC964FF/items/7",
            "/a/{first}/b/{second}/items/{id}",
        ),
        ("/a/b/c/items/7", "/a/{first}/c/items/{id}"),
        ("/middle/items/7", "/middle/items/{id}"),
        ("/own/deep/items/7", "/own/deep/items/{id}"),
        ("/opaque/raw/y/items/7", "/opaque/{x}/{path}/items/{id}"),
        ("/files/raw.txt", "/files/{path}"),
        ("/at/raw/items/7", "/at/{host}/items/{id}"),
        ("/t/7/nothing/here", "/t/{tenant}/{path}"),
    ],
)
@pytest.mark.parametrize("prefix", ["", "/proxy/v2"])
async def test_route_of_a_real_app(path: str, label: str, prefix: str) -> None:
    """Nested mounts, typed and repeated parameters, hosts, middlewares in between; a proxy's prefix is no part."""
    assert await label_of(APP, prefix + path, root_path=prefix) == label


async def test_wrapped_inside_a_mount() -> None:
    """Wrapped where it is mounted, an app's requests are labelled from the outermost router on."""
    sink, server = MemorySink(FakeClock(), raise_internal_errors=True), Server()
    app = Starlette(routes=[Mount("/t/{tenant}", app=wrapped(INNER, sink))])
    await app(http_scope("/t/acme/items/7", "GET"), server.receive, server.send)

    assert [exchange.route for exchange in sink.exchanges] == ["/t/{tenant}/items/{id}"]


async def test_mount_of_everything() -> None:
    """A mount that takes nothing of the path adds nothing to the label."""
    app = Starlette(routes=[Mount("", routes=[Mount("/last", routes=ITEMS)])])

    assert await label_of(app, "/last/items/7") == "/last/items/{id}"


async def test_unmatched_paths_share_a_label() -> None:
    """What no route serves has no template."""
    app = Starlette(routes=ITEMS)

    assert await label_of(app, "/nothing/here") == "__unmatched__"


@pytest.mark.parametrize(
    ("scope", "template"),
    [
        ({}, None),
        ({"route": object()}, None),
        ({"route": SimpleNamespace(path_format=7)}, None),
        ({"route": SimpleNamespace(path_format="/a/{b}")}, "/a/{b}"),
        ({"route": SimpleNamespace(path_format="")}, "/"),
        ({"route": SimpleNamespace(path_format="/a"), "root_path": "/proxy"}, "/a"),
        ({"route": SimpleNamespace(path_format="/a"), "root_path": "/raw", "app_root_path": ""}, "/{path}/a"),
        ({"route": SimpleNamespace(path_format="/a"), "root_path": None}, None),
        ({"route": SimpleNamespace(path_format="/a"), "root_path": "", "router": None}, "/a"),
    ],
)
def test_scopes_of_other_frameworks(scope: dict[str, Any], template: str | None) -> None:
    """A prefix that no known mount took is told as `/{path}`; a route without a template is none."""
    assert route_template(scope) == template


def test_mount_of_an_unknown_kind_is_passed_over() -> None:
    """A route that hands on to an app, without saying which paths it takes, explains no prefix."""
    router = SimpleNamespace(routes=[SimpleNamespace(app=None), SimpleNamespace(endpoint=None)])
    scope = {
        "route": SimpleNamespace(path_format="/a"),
        "router": router,
        "root_path": "/raw",
        "app_root_path": "",
    }

    assert route_template(scope) == "/{path}/a"


@pytest.mark.parametrize(
    ("method", "label"), [("GET", "GET"), ("get", "OTHER"), ("BREW", "OTHER"), (None, "OTHER"), ([], "OTHER")]
)
def test_method_label(method: object, label: str) -> None:
    """Only known methods are labels of their own."""
    assert method_label(method) == label
