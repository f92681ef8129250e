"""What was recorded is found under the name that the JSON lists it by, whatever the name holds."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest

from tokenpulse.recorder import Recorder
from tokenpulse_reader.app import create_app
from tokenpulse_reader.http.serving import BackgroundServer, open_listener
from tokenpulse_shared.names import clean_name
from tokenpulse_shared.settings import Settings

TOKEN: Final = "t0ken"
ODD: Final = {
    "plain": "plain",
    "colon": "a:b",
    "braces": "{a}",
    "percent": "50%",
    "encoded": "a%2Fb",
    "star": "*",
    "slash": "/",
    "slashes": "/a//b/",
    "newline": "\n",
    "lines": "a\nb\r\nc\n",
    "control": "\x00\x7f",
    "query": "a?b=c&d#e;f+g",
    "space": "a b",
    "accents": "é中🙂",
    "reversed": "a\u202eb",
    "surrogate": "a\ud800b",
    "long": "x" * 1000,
    "order": "a/open",
    "quotes": "\"'<\\",
}


@pytest.fixture
async def reader(redis_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a reader on a socket, of a Redis to which each odd name was recorded as both names."""
    with contextlib.closing(Recorder(redis_url=redis_url)) as recorder:
        for name in ODD.values():
            recorder.record(provider=name, model=name, latency_ms=5.0)
        assert any(recorder.flush() for _ in range(5))  # one may time out on a busy machine
    app = create_app(Settings.load({}, redis_url=redis_url, api_token=TOKEN))
    with contextlib.closing(open_listener("127.0.0.1", 0, flag="--port")) as listener:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            BackgroundServer(app, listener, name="the reader") as server,
            httpx.AsyncClient(base_url=server.url, headers=headers, timeout=10.0) as client,
        ):
            yield client


async def _json(client: httpx.AsyncClient, target: str, method: str = "GET") -> Any:
    """Ask for a target exactly as it is written."""
    response = await client.request(method, client.base_url.copy_with(raw_path=target.encode()))
    assert response.status_code == 200, (target, response.text)
    return response.json()


def _asked(name: str) -> Iterator[tuple[str, str, str]]:
    """Yield method, path, and the field of the answer that holds the name, for each route that takes a name."""
    whole = quote(name, safe="")
    of_provider = ("health", "latency-trends", "stats/hourly", "circuit-breakers", "errors")
    yield from (("GET", f"/api/monitoring/{family}/{whole}", "provider") for family in of_provider)
    for family in ("latency", "uptime", "token-efficiency"):
        yield "GET", f"/api/monitoring/{family}/{whole}/{whole}", "model"
    yield "GET", f"/api/monitoring/latency-trends/{whole}?model={whole}", "model"
    for kind in ("model", "provider"):
        yield "GET", f"/api/metrics/realtime?type={kind}&id={whole}", "id"
    yield "GET", f"/api/metrics/provider/summary?provider={whole}", "provider"
    yield "GET", f"/api/metrics/trends?model={whole}&metric=requests", "model"
    for order in ("open", "close", "reset"):
        yield "POST", f"/api/monitoring/circuit-breakers/{whole}/{whole}/{order}", "model"


@pytest.mark.parametrize("kind", ODD)
async def test_a_listed_name_is_found_on_every_route(reader: httpx.AsyncClient, kind: str) -> None:
    """Pasted from the JSON into a URL, percent-encoded; as it was recorded too."""
    listed = clean_name(ODD[kind])
    models = (await _json(reader, "/models/stats"))["models"]

    assert (listed, listed) in {(held["provider"], held["model"]) for held in models}
    assert listed in {held["provider"] for held in await _json(reader, "/api/monitoring/health")}
    for name in {listed, ODD[kind]} - {ODD["surrogate"]}:
        for method, target, field in _asked(name):
            body = await _json(reader, target, method)
            for item in body if isinstance(body, list) else [body]:
                assert item.get(field, listed) == listed, target
