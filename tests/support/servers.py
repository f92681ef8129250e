"""Serve the surroundings app with each ASGI server, in a process of its own, and read what it prints."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import orjson
import pytest

from tests.support.ports import free_port
from tests.support.processes import RunningProcess, wait_until
from tests.support.wire import Protocol

APP: Final = "tests.support.surroundings_app:app"
SERVERS: Final = {
    # name: (arguments, with {port}; what it prints once it serves)
    "uvicorn-h11": (
        "uvicorn {app} --host 127.0.0.1 --port {port} --http h11 --loop asyncio --no-access-log",
        "Uvicorn running on",
    ),
    "uvicorn-httptools": (
        "uvicorn {app} --host 127.0.0.1 --port {port} --http httptools --no-access-log",
        "Uvicorn running on",
    ),
    "hypercorn": ("hypercorn {app} --bind 127.0.0.1:{port} --keep-alive 1", "Running on"),
    "granian": ("granian --interface asgi --host 127.0.0.1 --port {port} {app}", "Started worker-1"),
}
SPEAKS_HTTP2: Final = ("hypercorn", "granian")
PLACES: Final[list[tuple[str, Protocol]]] = [
    *((name, "http/1.1") for name in SERVERS),
    *((name, "h2") for name in SPEAKS_HTTP2),
]
on_every_server: Final = pytest.mark.parametrize(("name", "protocol"), PLACES)
"""For tests that take `name`, `protocol`."""


@dataclass(frozen=True, slots=True)
class Server:
    """Hold a running server, its name in `SERVERS`, its port."""

    name: str
    process: RunningProcess
    port: int

    def printed(self, kind: str) -> list[Any]:
        """Return what was printed of a kind so far, decoded: `observation`, `exchange`, …"""
        lines = self.process.output.splitlines()
        return [orjson.loads(line.removeprefix(kind)) for line in lines if line.startswith(f"{kind} ")]

    def observations(self, model: str) -> list[dict[str, Any]]:
        """Return the observations of a model so far."""
        return [each for each in self.printed("observation") if each["model"] == model]

    def observation(self, model: str) -> dict[str, Any]:
        """Return the only observation of a model, once it is there."""
        wait_until(lambda: bool(self.observations(model)), f"an observation of {model}")
        (only,) = self.observations(model)
        return only

    def exchange(self, route: str) -> dict[str, Any]:
        """Return the only exchange of a route, once it is there."""

        def exchanges() -> list[dict[str, Any]]:
            return [each for each in self.printed("exchange") if each["route"] == route]

        wait_until(lambda: bool(exchanges()), f"an exchange of {route}")
        (only,) = exchanges()
        return only


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def unique_name(conversation: str) -> str:
    """Return a name that no other conversation of any server has."""
    return f"{conversation}-{uuid4().hex}"


@contextmanager
def running_server(
    name: str, *options: str, app: str = APP, redis_url: str = "memory://"
) -> Iterator[Server]:
    """Give a server that takes connections, with `options` of its command line; SIGTERM ends it."""
    command, ready = SERVERS[name]
    port = free_port()
    arguments = command.format(app=app, port=port).split()
    environment = {"TOKENPULSE_REDIS_URL": redis_url}
    with RunningProcess(*arguments, *options, environment=environment) as process:
        process.wait_for_line(ready)
        wait_until(lambda: _is_taken(port), f"{name} takes connections")  # granian says so before it does
        yield Server(name, process, port)
        process.send_signal(signal.SIGTERM)
        process.wait()
