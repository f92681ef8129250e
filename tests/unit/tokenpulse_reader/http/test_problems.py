"""Problems: what a body may say when the reader itself is at fault."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.http.problems import HANDLERS


async def _broken(_: Request) -> Response:
    raise ZeroDivisionError("redis://:secret@host")


async def _teapot(_: Request) -> Response:
    raise HTTPException(418, "private")


async def test_an_exceptions_text_stays_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """500 and other statuses say nothing of the inside."""
    app = Starlette(
        routes=[Route("/broken", _broken), Route("/teapot", _teapot)], exception_handlers=HANDLERS
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://reader") as client:
        broken, teapot = await client.get("/broken"), await client.get("/teapot")

    assert (broken.status_code, broken.json()["error"]["code"]) == (500, "internal_error")
    assert (teapot.status_code, teapot.json()["error"]["code"]) == (418, "http_error")
    assert "secret" not in broken.text
    assert "private" not in teapot.text
    assert "internal error at /broken" in caplog.text


async def _left(_: Request) -> Response:
    raise ClientDisconnect


async def test_a_client_that_leaves_is_no_fault_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    """A body that breaks off is neither logged nor a 500; a 500 made outside all layers has their headers."""
    app = Starlette(routes=[Route("/left", _left), Route("/broken", _broken)], exception_handlers=HANDLERS)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://reader") as client:
        left = await client.get("/left")
        logged = caplog.text
        broken = await client.get("/broken")

    assert (left.status_code, logged) == (400, "")
    assert broken.headers["x-content-type-options"] == "nosniff"
    assert broken.headers["cache-control"] == "no-store"
