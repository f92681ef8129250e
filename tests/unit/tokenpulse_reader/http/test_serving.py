"""Tests of serving apps inside a running loop."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tokenpulse_reader.http.serving import (
    BackgroundServer,
    ServingError,
    is_loopback,
    open_listener,
    stop_on_signals,
    wait_for_stop,
)

Events = list[str]


def make_app(events: Events) -> Starlette:
    """Return an app that answers `hello` at `/`, noting its lifespan in `events`."""

    async def hello(_: object) -> PlainTextResponse:
        return PlainTextResponse("hello")

    @contextlib.asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        events.append("started")
        yield
        events.append("stopped")

    return Starlette(routes=[Route("/", hello)], lifespan=lifespan)


async def test_serves_until_the_block_ends() -> None:
    """The app answers inside the block; its lifespan is over, its port free after it."""
    events: Events = []
    listener = open_listener("127.0.0.1", 0, flag="--port")
    port = listener.getsockname()[1]
    async with (
        BackgroundServer(make_app(events), listener, name="the app") as server,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        text = (await client.get(server.url)).text

    assert (server.url, text, events) == (f"http://127.0.0.1:{port}", "hello", ["started", "stopped"])
    open_listener("127.0.0.1", port, flag="--port").close()


async def test_failed_startup_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    """An app whose startup fails ends the start with its name; the reason is logged."""

    @contextlib.asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        raise RuntimeError("no such luck")
        yield

    listener = open_listener("127.0.0.1", 0, flag="--port")
    with contextlib.closing(listener), pytest.raises(ServingError, match="the app did not start"):
        async with BackgroundServer(Starlette(lifespan=lifespan), listener, name="the app"):
            raise AssertionError("the block must not be entered")

    assert "no such luck" in capfd.readouterr().err


async def test_unspecified_address_is_shown_as_one_that_can_be_opened() -> None:
    """A server on 0.0.0.0 shows 127.0.0.1, one on :: shows [::1]."""
    shown = []
    for host in ("0.0.0.0", "::"):
        with contextlib.closing(open_listener(host, 0, flag="--port")) as listener:
            port = listener.getsockname()[1]
            shown.append(BackgroundServer(make_app([]), listener, name="x").url.removesuffix(f":{port}"))

    assert shown == ["http://127.0.0.1", "http://[::1]"]


def _has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        pytest.param("::1", marks=pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")),
    ],
)
def test_small_answers_leave_at_once(host: str) -> None:
    """Accepted sockets have Nagle's algorithm off: with it, kept-alive answers wait 40 ms for an ACK."""
    with (
        contextlib.closing(open_listener(host, 0, flag="--port")) as listener,
        socket.create_connection(listener.getsockname()[:2]),
        contextlib.closing(listener.accept()[0]) as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_unknown_host_is_said() -> None:
    """A host that is no address of anything is named."""
    with pytest.raises(ServingError, match="'no such host' is no address of this machine"):
        open_listener("no such host", 0, flag="--port")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("no such host", False),
    ],
)
def test_is_loopback(host: str, expected: bool) -> None:
    """Only addresses that no other machine reaches count as loopback; the unknown does not."""
    assert is_loopback(host) is expected


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_first_signal_stops(number: signal.Signals) -> None:
    """The first signal sets the event; the handlers that were there before are back for a second one."""
    with stop_on_signals() as stop:
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stop.wait(), 5)
        handler = signal.getsignal(number)

    assert handler in (signal.SIG_DFL, signal.default_int_handler)


async def test_server_that_ends_by_itself_is_said() -> None:
    """Waiting for a stop raises when a server ends first."""
    listener = open_listener("127.0.0.1", 0, flag="--port")
    server = BackgroundServer(make_app([]), listener, name="the app")
    async with server:
        closing = asyncio.create_task(server.__aexit__())
        with pytest.raises(ServingError, match="a server ended by itself"):
            await wait_for_stop(asyncio.Event(), (server,))
        await closing


async def test_duration_ends_the_wait() -> None:
    """Without a signal the wait is over when the duration is."""
    listener = open_listener("127.0.0.1", 0, flag="--port")
    async with BackgroundServer(make_app([]), listener, name="the app") as server:
        await wait_for_stop(asyncio.Event(), (server,), duration_seconds=0.01)
