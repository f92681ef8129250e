"""Tests of blocking connections: bounded, and gone from a server that is no master."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis

from tests.support.redis_server import RedisServer
from tests.support.stopwatch import unhindered_seconds
from tokenpulse_shared.redis_client import connect
from tokenpulse_shared.time_limit import time_limit


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """Give a port that lets nobody connect, and refuses nobody: its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        yield port
        for one in waiting:
            one.close()


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give a function that says to which ports of the loopback the name `redis.example` leads, in order."""
    look_up = socket.getaddrinfo

    def to(*ports: int) -> None:
        def answer(host: str, port: int, **rest: Any) -> Any:
            if host != "redis.example":
                return look_up(host, port, **rest)
            return [found for one in ports for found in look_up("127.0.0.1", one, **rest)]

        monkeypatch.setattr(socket, "getaddrinfo", answer)

    return to


@contextmanager
def _scripted_server(*replies: bytes) -> Iterator[int]:
    """Give the port of a server that takes greetings, and answers every other request with the next reply."""
    remaining = list(replies)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while remaining:
                connection, _ = listener.accept()
                with connection:
                    while remaining and (data := connection.recv(65536)):
                        greetings = data.count(b"CLIENT")
                        connection.sendall(b"+OK\r\n" * greetings if greetings else remaining.pop(0))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]


def test_an_address_that_swallows_packets_leaves_time_for_the_next(
    redis_server: RedisServer, deaf_port: int, resolve: Callable[..., None]
) -> None:
    """Each address of a name has its part of the timeout; when all are deaf the wait is one timeout in all."""
    resolve(deaf_port, redis_server.port)
    with connect("redis://redis.example", timeout_seconds=0.4) as client:
        assert client.ping()

    resolve(deaf_port, deaf_port)
    began = unhindered_seconds()
    with connect("redis://redis.example", timeout_seconds=0.4) as client, pytest.raises(redis.TimeoutError):
        client.ping()

    assert unhindered_seconds() - began < 1.0


def test_a_refusal_is_not_hidden_by_a_later_one(
    resolve: Callable[..., None], redis_server: RedisServer
) -> None:
    """A port where nothing listens is passed over; where no address answers the last failure is raised."""
    resolve(1, redis_server.port)
    with connect("redis://redis.example") as client:
        assert client.ping()

    resolve(1, 2)
    with connect("redis://redis.example") as client, pytest.raises(redis.ConnectionError, match="refused"):
        client.ping()


@pytest.mark.parametrize("is_connected", [False, True])
def test_without_time_nothing_is_tried(redis_url: str, is_connected: bool) -> None:
    """Neither a connection is made nor a command is sent."""
    with connect(redis_url) as client:
        if is_connected:
            client.ping()
        with pytest.raises(redis.TimeoutError), time_limit(0):
            client.ping()

        assert client.ping()


def test_a_socket_in_the_file_system_is_bounded_too(
    redis_servers: Callable[..., RedisServer], tmp_path: Any
) -> None:
    """The limit ends the wait for a server that hangs."""
    path = tmp_path / "redis.sock"
    server = redis_servers(is_durable=False, unixsocket=str(path))
    with connect(f"unix://{path}") as client:
        assert client.ping()

        server.pause()
        began = unhindered_seconds()
        with pytest.raises(redis.TimeoutError), time_limit(0.1):
            client.ping()

        assert unhindered_seconds() - began < 0.8
        server.resume()


@pytest.mark.parametrize(
    "refusal",
    [
        b"-READONLY You can't write against a read only replica.\r\n",
        b"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
        b"-ERR Error running script (call to f_1): @user_script:3: -READONLY You can't write\r\n",
    ],
    ids=["a write", "a read", "a script of Redis 6"],
)
def test_what_a_replica_refuses_ends_the_connection(refusal: bytes) -> None:
    """The next command goes to whoever the address leads to then; other refusals change nothing."""
    with (
        _scripted_server(b"-ERR no\r\n", refusal, b"+new\r\n") as port,
        connect(f"redis://127.0.0.1:{port}") as client,
    ):
        for _ in range(2):
            with pytest.raises(redis.ResponseError):
                client.get("k")
        first = client.connection_pool._available_connections[0]

        assert first.is_doubtful
        assert client.get("k") == b"new"
        assert not first.is_doubtful
