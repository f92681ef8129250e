"""What callers get wrong is answered 400 or 404 in JSON, never 500; nobody gets in without the token."""

import random
from collections.abc import AsyncIterator, Iterable
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.support.reader_client import reader_client
from tokenpulse.recorder import Recorder
from tokenpulse_reader.app import create_app
from tokenpulse_shared.settings import Settings

TOKEN = "s3cret-tökën"
PATHS = (
    "/",
    "/readyz",
    "/metrics",
    "/api/monitoring/health",
    "/api/monitoring/health/p",
    "/api/monitoring/errors/p",
    "/api/monitoring/stats/realtime",
    "/api/monitoring/stats/hourly/p",
    "/api/monitoring/latency/p/m",
    "/api/monitoring/circuit-breakers",
    "/api/metrics/realtime?type=provider&id=p",
    "/nothing/here",
)


@pytest.fixture
async def reader(redis_url: str) -> AsyncIterator[httpx.AsyncClient]:
    with closing(Recorder(redis_url=redis_url)) as recorder:
        recorder.record(provider="p", model="m", latency_ms=1.0, success=False, error_message="x")
        recorder.flush()
    async with reader_client(redis_url) as client:
        yield client


WRONG_NUMBERS = (
    "NaN",
    "1e9",
    "-1",
    "0",
    "1e309",
    "",
    " 1",
    "1 ",
    "1.0",
    "0x1",
    "١",
    "1_0",
    "+1",
    "inf",
    "9" * 400,
)


@pytest.mark.parametrize("value", WRONG_NUMBERS)
@pytest.mark.parametrize(
    ("path", "name", "most"),
    [
        ("/api/monitoring/stats/realtime", "hours", 24),
        ("/api/monitoring/stats/hourly/p", "hours", 168),
        ("/api/monitoring/latency/p/m", "hours", 168),
        ("/api/monitoring/errors/p", "limit", 1000),
    ],
)
async def test_a_wrong_number_is_named(
    reader: httpx.AsyncClient, path: str, name: str, most: int, value: str
) -> None:
    """The body says which parameter, and what it may be."""
    for given in (value, str(most + 1)):
        response = await reader.get(path, params={name: given})
        assert response.status_code == 400
        assert response.json() == {
            "error": {
                "code": "invalid_parameter",
                "message": f"`{name}` must be a whole number from 1 to {most}",
                "parameter": name,
                "allowed": {"minimum": 1, "maximum": most},
            }
        }


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/api/monitoring/stats/realtime?hours=1&hours=1", "hours"),
        ("/api/monitoring/latency/p/m?metric=speed", "metric"),
        ("/api/monitoring/latency/p/m?metric=", "metric"),
        ("/api/monitoring/latency/p/m?percentiles=", "percentiles"),
        ("/api/monitoring/latency/p/m?percentiles=0", "percentiles"),
        ("/api/monitoring/latency/p/m?percentiles=50,,90", "percentiles"),
        ("/api/monitoring/latency/p/m?percentiles=100.1", "percentiles"),
        ("/api/monitoring/latency/p/m?percentiles=nan", "percentiles"),
        ("/api/monitoring/latency/p/m?percentiles=1e1", "percentiles"),
        ("/api/monitoring/latency/p/m?percentiles=-5", "percentiles"),
        (f"/api/monitoring/latency/p/m?percentiles={'1,' * 30}1", "percentiles"),
        ("/api/metrics/realtime", "type"),
        ("/api/metrics/realtime?type=user&id=x", "type"),
        ("/api/metrics/realtime?type=model", "id"),
        ("/api/metrics/realtime?type=model&id=", "id"),
        ("/api/metrics/realtime?type=model&id=m&id=n", "id"),
        ("/api/metrics/realtime?type=model&id=m&time_bucket=2024-05-15", "time_bucket"),
        ("/api/metrics/realtime?type=model&id=m&time_bucket=2024-05-15-24", "time_bucket"),
        ("/api/metrics/realtime?type=model&id=m&time_bucket=2024-13-15-01", "time_bucket"),
        ("/api/metrics/realtime?type=model&id=m&time_bucket=0000-01-01-01", "time_bucket"),
        ("/api/metrics/realtime?type=model&id=m&time_bucket=2024-05-15:01", "time_bucket"),
        ("/api/metrics/realtime?type=model&id=m&time_bucket=", "time_bucket"),
    ],
)
async def test_a_wrong_value_is_named(reader: httpx.AsyncClient, path: str, parameter: str) -> None:
    response = await reader.get(path)

    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["code"], error["parameter"]) == ("invalid_parameter", parameter)
    assert error["allowed"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/monitoring/stats/realtime?hours=%ff", "invalid_query"),
        ("/api/monitoring/stats/realtime?x=%ed%a0%80", "invalid_query"),
        ("/api/monitoring/stats/realtime?" + "&".join(f"a{n}=1" for n in range(60)), "invalid_query"),
        ("/api/monitoring/health/%ff", "invalid_path"),
        ("/api/monitoring/latency/p/%c3%28", "invalid_path"),
    ],
)
async def test_what_is_no_text_is_refused(reader: httpx.AsyncClient, path: str, code: str) -> None:
    response = await reader.get(path)

    assert response.status_code == 400
    assert response.json()["error"]["code"] == code


async def test_unknown_parameters_are_ignored(reader: httpx.AsyncClient) -> None:
    assert (await reader.get("/api/monitoring/stats/realtime?hours=2&colour=blue&")).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/nope", "/healthz/", "//healthz", "/api/monitoring/health/", "/api/monitoring/latency/p", "/api"],
)
async def test_unknown_paths_are_404_in_json(reader: httpx.AsyncClient, path: str) -> None:
    response = await reader.get(httpx.URL("http://localhost").copy_with(raw_path=path.encode()))

    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_405_in_json(guarded: httpx.AsyncClient, method: str) -> None:
    response = await guarded.request(method, "/api/monitoring/health", headers=bearer(f"Bearer {TOKEN}"))

    assert response.status_code == 405
    assert response.json()["error"]["code"] == "method_not_allowed"
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}


async def test_head_is_get_without_a_body(reader: httpx.AsyncClient) -> None:
    assert (await reader.head("/api/monitoring/health")).status_code == 200


async def test_nothing_a_caller_sends_is_a_500(reader: httpx.AsyncClient) -> None:
    """Two thousand requests put together from awkward pieces."""
    source = random.Random(5)
    pieces = (
        "%00",
        "%ff",
        "%2F",
        "..",
        "%",
        "a",
        ":",
        "{p}",
        "p",
        "m",
        "*",
        "%e2%80%ae",
        "%0a",
        "+",
        "&",
    )
    names = ("hours", "limit", "percentiles", "metric", "type", "id", "time_bucket", "[]", "")
    for _ in range(2000):
        path = source.choice(PATHS).partition("?")[0] + "".join(source.choices(pieces, k=source.randrange(4)))
        query = "&".join(
            f"{source.choice(names)}={''.join(source.choices((*pieces, '1', '24', 'model'), k=source.randrange(3)))}"
            for _ in range(source.randrange(4))
        )
        target = f"{path}?{query}".encode()
        response = await reader.get(httpx.URL("http://localhost").copy_with(raw_path=target))
        assert response.status_code in (200, 400, 404), target
        if response.status_code != 200:
            assert set(response.json()["error"]) == {"code", "message", "parameter", "allowed"}


@pytest.fixture
async def guarded(redis_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with reader_client(redis_url, api_token=TOKEN) as client:
        yield client


def bearer(text: str) -> dict[str, bytes]:
    return {"Authorization": text.encode()}


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "DELETE"])
@pytest.mark.parametrize(
    "path", [*PATHS, "/healthz/", "//healthz", "/healthz/../metrics", "/HEALTHZ", "/healthz%00"]
)
async def test_nothing_is_open_but_healthz(guarded: httpx.AsyncClient, method: str, path: str) -> None:
    """Every path and method, known or not, answers 401 without the token."""
    url = httpx.URL("http://localhost").copy_with(raw_path=path.encode())
    response = await guarded.request(method, url)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="tokenpulse"'
    assert response.headers["x-content-type-options"] == "nosniff"
    if method != "HEAD":
        assert response.json()["error"]["code"] == "unauthorized"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("authorization", "")],
        [("authorization", "Bearer")],
        [("authorization", "Bearer ")],
        [("authorization", f"Bearer {TOKEN}x")],
        [("authorization", f"Bearer {TOKEN[:-1]}")],
        [("authorization", f"Bearer  {TOKEN}")],
        [("authorization", f"Bearer {TOKEN} ")],
        [("authorization", f"Bearer {TOKEN.upper()}")],
        [("authorization", f"Basic {TOKEN}")],
        [("authorization", TOKEN)],
        [("authorization", f"Bearer {TOKEN}"), ("authorization", f"Bearer {TOKEN}")],
        [("authorization", f"Bearer {TOKEN}"), ("authorization", "Bearer x")],
        [("x-authorization", f"Bearer {TOKEN}"), ("cookie", f"token={TOKEN}")],
    ],
)
async def test_only_the_exact_token_opens(guarded: httpx.AsyncClient, headers: list[tuple[str, str]]) -> None:
    encoded = [(name.encode(), value.encode()) for name, value in headers]
    assert (await guarded.get("/readyz", headers=encoded)).status_code == 401
    assert (await guarded.get(f"/readyz?token={TOKEN}", headers=encoded)).status_code == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_token_opens(guarded: httpx.AsyncClient, scheme: str) -> None:
    assert (await guarded.get("/readyz", headers=bearer(f"{scheme} {TOKEN}"))).status_code == 200
    assert (await guarded.get("/healthz")).status_code == 200
    assert (await guarded.head("/healthz")).status_code == 200
    assert (await guarded.post("/healthz")).status_code == 401


async def test_a_websocket_needs_the_token_too() -> None:
    """The handshake is refused before anything is accepted."""
    app = create_app(Settings.load({}, redis_url="memory://auth", api_token=TOKEN))
    sent: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers: Iterable[tuple[bytes, bytes]] = [(b"host", b"localhost")]
    scope = {
        "type": "websocket",
        "path": "/healthz",
        "headers": headers,
        "query_string": b"",
        "root_path": "",
    }
    await app(scope, receive, send)

    assert sent == [{"type": "websocket.close", "code": 1008}]
