"""Serve ASGI apps with uvicorn inside a running event loop.

Strategy: the socket is bound here, before uvicorn starts, so that a port in use is one sentence and the URL is
known with port 0; signals are handled once for all servers of the process, so uvicorn's own handling is off.
"""

import asyncio
import contextlib
import ipaddress
import os
import signal
import socket
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, Final, Self

import uvicorn

from tokenpulse_shared.errors import TokenPulseError

GRACE_SECONDS: Final = 5
"""How long open answers may go on after a stop was asked for; endless ones (a live page) end then."""
_POLL_SECONDS: Final = 0.01
_BACKLOG: Final = 2048


class ServingError(TokenPulseError):
    """Say in one sentence why a server cannot listen, did not start, or ended by itself."""


class _SignallessServer(uvicorn.Server):
    """Leave the process's signal handlers alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Do nothing: `stop_on_signals` handles them."""
        yield


class BackgroundServer:
    """Serve one app on one listening socket from `async with` until its end.

    `url` is the base URL, with an address that a client on this machine can reach. `before_stop` is called when
    the end begins: what it ends need not be waited for. `options`: further ones of `uvicorn.Config`.
    """

    def __init__(
        self,
        app: Any,
        listener: socket.socket,
        *,
        name: str,
        before_stop: Callable[[], object] = lambda: None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._name = name
        self._listener = listener
        self._before_stop = before_stop
        self.url = _base_url(listener)
        config = uvicorn.Config(
            app,
            log_level="error",
            access_log=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            ws="auto",
            **(options or {}),
        )
        self._server = _SignallessServer(config)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._serve())
        while not self._server.started:
            if self._task.done():
                await self._task
                raise ServingError(f"{self._name} did not start: its startup failed, the reason is above")
            await asyncio.sleep(_POLL_SECONDS)
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._before_stop()
        self._server.should_exit = True
        await self.wait_closed()

    async def _serve(self) -> None:
        with contextlib.suppress(SystemExit):  # how uvicorn says that the app's startup failed
            await self._server.serve(sockets=[self._listener])

    async def wait_closed(self) -> None:
        """Return once the server has ended."""
        if self._task is not None:
            await asyncio.shield(self._task)


def open_listener(host: str, port: int, *, flag: str) -> socket.socket:
    """Return a listening socket; port 0 takes a free one. `flag` is what the user can change.

    Raises:
        ServingError: the address cannot be bound; says what to do.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise ServingError(f"{host!r} is no address of this machine ({error.strerror})") from error
    try:
        listener = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ServingError(
            f"cannot listen on port {port} of {host}: {os.strerror(error.errno or 0).lower()}. "
            f"Stop what listens there, or choose another port with {flag} (0 takes a free one)."
        ) from error
    # Accepted sockets inherit it; asyncio sets it only on sockets made with IPPROTO_TCP, which these are not.
    # Without it an answer on a kept-alive connection waits 40 ms for the client's delayed ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _base_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "127.0.0.1" if listener.family is socket.AF_INET else "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a server bound to `host`; False for a name that is unknown."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return False
    return all(ipaddress.ip_address(entry[4][0]).is_loopback for entry in found)


@contextlib.contextmanager
def stop_on_signals() -> Iterator[asyncio.Event]:
    """Give an event that the first SIGINT or SIGTERM sets; a second one ends the process as usual."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def release() -> None:
        for number in numbers:
            loop.remove_signal_handler(number)

    def handle() -> None:
        stop.set()
        release()

    for number in numbers:
        loop.add_signal_handler(number, handle)
    try:
        yield stop
    finally:
        release()


async def wait_for_stop(
    stop: asyncio.Event, servers: Sequence[BackgroundServer], *, duration_seconds: float | None = None
) -> None:
    """Return when the event is set or the duration is over.

    Raises:
        ServingError: a server ended by itself before.
    """
    stopping = asyncio.create_task(stop.wait())
    endings = [asyncio.create_task(server.wait_closed()) for server in servers]
    try:
        await asyncio.wait(
            [stopping, *endings], timeout=duration_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if any(ending.done() for ending in endings) and not stop.is_set():
            raise ServingError("a server ended by itself; what it logged is above")
    finally:
        for task in (stopping, *endings):
            task.cancel()
        await asyncio.gather(stopping, *endings, return_exceptions=True)
