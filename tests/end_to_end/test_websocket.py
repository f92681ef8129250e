"""Websockets pass untouched, whatever their path: a real client sees what it sees unwrapped."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.support.asgi import CHAT
from tests.support.processes import wait_until
from tests.support.servers import Server, running_server
from tests.support.surroundings_app import BARE
from tests.support.websocket_app import DENIAL

APP: Final = "tests.support.websocket_app:app"
SERVERS: Final = {
    "uvicorn, websockets": ("uvicorn-h11", "--ws", "websockets-sansio"),
    "uvicorn, wsproto": ("uvicorn-httptools", "--ws", "wsproto"),
    "hypercorn": ("hypercorn",),
    "granian": ("granian",),
}


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Give each server in turn; in the end nothing was recorded."""
    name, *options = SERVERS[request.param]
    with running_server(name, *options, app=APP) as running:
        yield running

        assert running.printed("observation") == []
        assert running.printed("exchange") == []


@contextmanager
def opened(server: Server, path: str) -> Iterator[ClientConnection]:
    url = f"ws://127.0.0.1:{server.port}{path}{CHAT}"
    with connect(url, subprotocols=[Subprotocol("realtime")], close_timeout=10) as connection:
        yield connection


def talk(
    server: Server, path: str, *, says: tuple[str | bytes, ...] = ("a text", b"\x00\xff")
) -> list[object]:
    """Say these things; return what the client sees, to the end of the connection.

    Where the app closes without being asked nothing must be said: it could meet a closed connection.
    """
    seen: list[object] = []
    try:
        with opened(server, path) as connection:
            assert connection.response is not None
            seen += [connection.subprotocol, connection.response.headers.get("x-seat")]
            for word in says:
                connection.send(word)
                seen.append(connection.recv(timeout=10))
            while not says:
                seen.append(connection.recv(timeout=10))
            connection.close(4002, "bye")
    except ConnectionClosed as error:
        seen.append(None if error.rcvd is None else (error.rcvd.code, error.rcvd.reason))
    except InvalidStatus as error:
        seen += [error.response.status_code, error.response.body]
    return seen


def test_messages_and_the_clients_close_code(server: Server) -> None:
    """Texts, bytes, subprotocol, headers go both ways; the app hears the code the client closed with."""
    with_us, without = talk(server, "/echo"), talk(server, f"{BARE}/echo")
    wait_until(lambda: len(server.printed("left")) == 2, "both connections have ended for the app")
    left = server.printed("left")

    assert with_us == without
    assert (with_us[0], *with_us[2:]) == ("realtime", "a text", b"\x00\xff")
    assert left[0] == left[1]
    assert left[0][1] == (1006 if server.name == "hypercorn" else 4002)  # hypercorn tells no app the code


def test_close_code_of_the_app(server: Server) -> None:
    """The client sees the code and the reason the app closes with."""
    with_us = talk(server, "/close", says=())

    assert with_us == talk(server, f"{BARE}/close", says=())
    assert with_us[2:] == ["last words", (4001, "full")]


def test_handshake_that_is_rejected(server: Server) -> None:
    """Closed before it was accepted: the client gets a 403."""
    with_us = talk(server, "/reject")

    assert with_us == talk(server, f"{BARE}/reject")
    assert with_us[0] == 403


def test_handshake_that_is_answered(server: Server) -> None:
    """Where the server offers it, the app's own response to the handshake reaches the client."""
    with_us = talk(server, "/deny")

    assert with_us == talk(server, f"{BARE}/deny")
    assert with_us in ([429, DENIAL], [403, b""])


def test_app_that_raises(server: Server) -> None:
    """An exception ends the connection as it does unwrapped."""
    assert talk(server, "/raise") == talk(server, f"{BARE}/raise")
