"""Nobody gets in without the token: every route of the reader, mutated, by every method."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route

from tests.support.asgi import Server, http_scope
from tests.support.reader_client import reader_client
from tokenpulse_reader.app import create_app
from tokenpulse_reader.http.reader_server import reader_server
from tokenpulse_reader.http.serving import open_listener
from tokenpulse_shared.settings import Settings

TOKEN = "s3cret"
CATEGORY_TOKEN = "scrape"
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "get", "PROPFIND")
HEADERS: tuple[tuple[tuple[bytes, bytes], ...], ...] = (
    (),
    ((b"authorization", b""),),
    ((b"authorization", b"Bearer"),),
    ((b"authorization", b"Bearer "),),
    ((b"authorization", b"Bearer\xc2\xa0s3cret"),),
    ((b"authorization", b"Bearer S3CRET"),),
    ((b"authorization", b"Bearer s3cre\xd1\x82"),),
    ((b"authorization", b"Basic czNjcmV0Og=="),),
    ((b"authorization", b"Bearer s3cret"), (b"authorization", b"Bearer s3cret")),
    ((b"authorization", b"Bearer x"), (b"Authorization", b"Bearer s3cret")),
    ((b"cookie", b"token=s3cret; authorization=Bearer s3cret"), (b"x-api-key", b"s3cret")),
    ((b"x-original-url", b"/healthz"), (b"x-rewrite-url", b"/healthz"), (b"x-forwarded-prefix", b"/healthz")),
    ((b"x-forwarded-for", b"127.0.0.1"), (b"x-real-ip", b"::1"), (b"forwarded", b"for=127.0.0.1")),
)
TARGETS = (
    b"//metrics",
    b"///metrics",
    b"/%6detrics",
    b"/%2fmetrics",
    b"/healthz%2f..%2fmetrics",
    b"/healthz/../metrics",
    b"/healthz/%2e%2e/metrics",
    b"/healthz%00",
    b"/healthz%20",
    b"/%2e/healthz",
    b"/metrics#/healthz",
    b"/metrics;/healthz",
    b"http://localhost/metrics",
    b"http://healthz/metrics",
    b"*",
    b"/static/..%2f..%2f..%2fetc%2fpasswd",
    b"/..%2f..%2f..%2fetc/passwd",
    b"/etc/passwd",
)


def make_app() -> Starlette:
    return create_app(
        Settings.load(
            {},
            redis_url="memory://access",
            api_token=f"other,{TOKEN}",
            metrics_tokens=f"providers={CATEGORY_TOKEN}",
        )
    )


def routes_of(routes: list[BaseRoute]) -> Iterator[Route]:
    for route in routes:
        assert isinstance(route, Route), route  # a mount or a websocket would need tests of its own
        yield route


def paths_of(app: Starlette) -> list[str]:
    """Return every route's path with names in place of its parameters."""
    paths = []
    for route in routes_of(app.routes):
        path = route.path
        for name in route.param_convertors:
            path = path.replace(f"{{{name}:path}}", "openai").replace(f"{{{name}}}", "openai")
        assert "{" not in path, path
        paths.append(path)
    return paths


def mutations(path: str) -> Iterator[str]:
    """Yield the path as it is and as others write it, all as a server decodes them."""
    yield path
    if path == "/healthz":
        path = "/healthz2"
    yield path + "/"
    yield "/" + path
    yield path + "//"
    yield "/." + path
    yield "/healthz/.." + path
    yield "/healthz;" + path
    yield "/healthz?" + path
    yield "/healthz\x00" + path
    yield "/healthz " + path
    yield path.upper() if path.upper() != path else path + "A"
    yield path.replace("e", "\uff45").replace("/", "\uff0f", 1)
    yield path + "\u200b"
    yield path + ".json"
    yield path.removeprefix("/")


def is_open(method: str, path: str) -> bool:
    return path == "/healthz" and method in ("GET", "HEAD")


async def status_of(app: Any, path: str, method: str, headers: tuple[tuple[bytes, bytes], ...]) -> int:
    server = Server()
    scope = http_scope(path, method, headers=[(b"host", b"localhost"), *headers], raw_path=None)
    await app(scope, server.receive, server.send)
    status: int = server.sent[0]["status"]
    return status


async def test_every_route_mutated_is_refused_without_the_token() -> None:
    """Paths and methods that exist or not, as they are and as others spell them: 401, but for the probe."""
    app = make_app()
    paths = paths_of(app)
    let_in = [
        (method, mutated)
        for path in paths
        for mutated in mutations(path)
        for method in METHODS
        if await status_of(app, mutated, method, ()) != (200 if is_open(method, mutated) else 401)
    ]

    assert len(paths) >= 20
    assert let_in == []


async def test_every_route_is_refused_with_what_is_no_token() -> None:
    """Headers that resemble the token, double it, or claim another path or sender."""
    app = make_app()
    let_in = [
        (path, headers)
        for path in paths_of(app)
        for headers in HEADERS
        for method in ("GET", "POST")
        if await status_of(app, path, method, headers) != (200 if is_open(method, path) else 401)
    ]

    assert let_in == []


async def test_every_websocket_is_refused() -> None:
    """Before anything is accepted, whatever the path."""
    app = make_app()
    for path in paths_of(app):
        server = Server([{"type": "websocket.connect"}])
        scope = {"type": "websocket", "path": path, "headers": [], "query_string": b"", "root_path": ""}
        await app(scope, server.receive, server.send)

        assert server.sent == [{"type": "websocket.close", "code": 1008}], path


async def test_a_mounted_reader_is_closed_too() -> None:
    """Below another app's path as at the top; its probe stays open there."""
    app = Starlette(routes=[Mount("/under", make_app())])
    let_in = [
        path for path in paths_of(make_app()) if await status_of(app, "/under" + path, "GET", ()) != 401
    ]

    assert let_in == ["/healthz"]
    assert await status_of(app, "/under/healthz/healthz", "GET", ()) == 401


async def test_a_categorys_token_opens_only_its_scrape(redis_url: str) -> None:
    """Of all routes with all methods one path opens, to read."""
    app = make_app()
    given = ((b"authorization", f"Bearer {CATEGORY_TOKEN}".encode()),)
    opened = {
        (method, path)
        for path in paths_of(app)
        for method in METHODS
        if not (path == "/healthz" and method in ("GET", "HEAD"))
        and path != "/prometheus/metrics/providers"
        and await status_of(app, path, method, given) != 401
    }
    async with reader_client(
        redis_url, api_token=TOKEN, metrics_tokens=f"providers={CATEGORY_TOKEN}"
    ) as client:
        client.headers["authorization"] = f"Bearer {CATEGORY_TOKEN}"
        answers = [await client.get("/prometheus/metrics/providers"), await client.get("/metrics")]

    assert opened == set()
    assert [answer.status_code for answer in answers] == [200, 401]


async def test_writes_need_a_token_even_where_there_is_none(redis_url: str) -> None:
    """A reader without a token serves reads; every route that changes something says what is missing."""
    async with reader_client(redis_url) as client:
        app = create_app(Settings.load({}, redis_url="memory://access"))
        written = 0
        for route, path in zip(routes_of(app.routes), paths_of(app), strict=True):
            for method in set(route.methods or ()) - {"GET", "HEAD"}:
                answer = await client.request(method, path, json={})
                written += 1

                assert (answer.status_code, answer.json()["error"]["code"]) == (403, "no_token_configured")
                assert "TOKENPULSE_API_TOKEN" in answer.json()["error"]["message"]
        assert written >= 1
        assert (await client.get("/api/monitoring/health")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"origin": "http://evil.test", "host": "reader", "x-forwarded-host": "evil.test"},
    ],
)
async def test_a_page_of_another_site_cannot_write(redis_url: str, headers: dict[str, str]) -> None:
    """Not even with the token; and no answer allows another site to read."""
    async with reader_client(redis_url, api_token=TOKEN) as client:
        client.headers["authorization"] = f"Bearer {TOKEN}"
        answer = await client.post("/api/monitoring/gauges", json={}, headers=headers)
        preflight = await client.options(
            "/api/monitoring/gauges", headers={**headers, "access-control-request-method": "POST"}
        )
        read = await client.get("/api/monitoring/health", headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross_site")
    assert preflight.status_code == 405
    for each in (answer, preflight, read):
        assert [name for name in each.headers if name.startswith("access-control")] == []
        assert each.headers["cross-origin-resource-policy"] == "same-origin"


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    """Give the port of the reader on a real socket."""
    app = make_app()
    with closing(open_listener("127.0.0.1", 0, flag="--port")) as listener:
        async with reader_server(app, listener):
            while app.state.live.served() is None:  # the first snapshot
                await asyncio.sleep(0.01)
            yield listener.getsockname()[1]


def said(port: int, request: bytes) -> bytes:
    """Return all that the server says to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        pieces = []
        while piece := connection.recv(65_536):
            pieces.append(piece)
    return b"".join(pieces)


async def test_what_the_wire_can_say_opens_nothing() -> None:
    """Targets as raw bytes, through the real server: refused without the token, never a file with it."""
    async with serving() as port:
        for target in TARGETS:
            head = b"GET " + target + b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
            without = await asyncio.to_thread(said, port, head + b"\r\n")
            with_token = await asyncio.to_thread(said, port, head + b"authorization: Bearer s3cret\r\n\r\n")

            assert without[9:12] in (b"401", b"400"), without
            assert with_token[9:12] in (b"200", b"400", b"404"), with_token
            assert b"root:" not in with_token
            if b"passwd" in target or b"%00" in target:
                assert with_token[9:12] == b"404"


async def test_no_host_and_no_forwarding_header_opens_anything() -> None:
    """Whoever a client says it is, or came through."""
    names = (
        b"host",
        b"x-forwarded-host",
        b"x-forwarded-for",
        b"x-real-ip",
        b"forwarded",
        b"x-forwarded-proto",
    )
    values = (b"localhost", b"127.0.0.1", b"[::1]", b"https", b"for=127.0.0.1;host=localhost", b"")
    async with serving() as port:
        for name in names:
            for value in values:
                host = b"" if name == b"host" else b"host: localhost\r\n"
                head = (
                    b"GET /metrics HTTP/1.1\r\nconnection: close\r\n"
                    + host
                    + name
                    + b": "
                    + value
                    + b"\r\n\r\n"
                )
                answer = await asyncio.to_thread(said, port, head)

                assert answer[9:12] == b"401", (name, value)


async def test_every_answer_has_the_security_headers(redis_url: str) -> None:
    """Answers, refusals, problems alike; the server does not name itself."""
    async with reader_client(redis_url, api_token=TOKEN) as client:
        token = {"authorization": f"Bearer {TOKEN}"}
        answers = [
            await client.get("/metrics", headers=token),
            await client.get("/api/monitoring/health", headers=token),
            await client.get("/nothing", headers=token),
            await client.get("/metrics"),
            await client.get("/metrics?" + "x" * 20_000),
            await client.post("/metrics", content=b"x" * 70_000),
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 404, 401, 414, 413]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"


async def test_a_name_made_to_lead_here_reads_nothing(redis_url: str) -> None:
    """Without a token on the loopback: 421 for every path, unless the name is set; a token makes any name good."""
    host = {"host": "rebound.test:9100"}
    async with reader_client(redis_url) as client:
        refused = [await client.get(path, headers=host) for path in ("/healthz", "/metrics", "/nothing")]
        own = [await client.get("/metrics", headers={"host": name}) for name in ("127.0.0.1:9100", "[::1]")]
    async with reader_client(redis_url, allowed_hosts="Rebound.test") as client:
        named = await client.get("/metrics", headers=host)
    async with reader_client(redis_url, api_token=TOKEN) as client:
        guarded = await client.get("/metrics", headers={**host, "authorization": f"Bearer {TOKEN}"})

    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in refused] == [
        (421, "unknown_host")
    ] * 3
    assert "TOKENPULSE_ALLOWED_HOSTS" in refused[0].json()["error"]["message"]
    assert refused[0].headers["x-content-type-options"] == "nosniff"
    assert [answer.status_code for answer in (*own, named, guarded)] == [200] * 4
