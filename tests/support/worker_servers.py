"""Serve the chat app with several workers, by each server that has them, in a process group of its own."""

import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tests.support.app_server import CHAT_APP
from tests.support.ports import free_port
from tests.support.processes import RunningProcess, wait_until

WITHOUT_LIFESPAN: Final = "tests.support.chat_app:app_without_lifespan"
_UVICORN: Final = "uvicorn {app} --host 127.0.0.1 --port {port} --no-access-log --timeout-graceful-shutdown 5"
_GUNICORN: Final = (
    "gunicorn {app} --bind 127.0.0.1:{port} --workers 2 --preload --graceful-timeout 5 --no-control-socket"
)
_HYPERCORN: Final = "hypercorn {app} --bind 127.0.0.1:{port} --graceful-timeout 5"
_GRANIAN: Final = "granian --interface asgi --host 127.0.0.1 --port {port} {app}"
COMMANDS: Final = {
    # name: (arguments, what each worker prints once it serves, workers)
    "uvicorn": (f"{_UVICORN} --loop asyncio", "Uvicorn running on", 1),
    "uvicorn, uvloop": (f"{_UVICORN} --loop uvloop", "Uvicorn running on", 1),
    "uvicorn, 4 workers": (f"{_UVICORN} --workers 4", "Application startup complete", 4),
    "uvicorn, no lifespan": (f"{_UVICORN} --lifespan off", "Uvicorn running on", 1),
    "uvicorn, 2 workers, no lifespan": (
        f"{_UVICORN} --lifespan off --workers 2",
        "Started server process",
        2,
    ),
    "gunicorn, preload, uvicorn": (
        f"{_GUNICORN} --worker-class uvicorn_worker.UvicornWorker",
        "Application startup complete",
        2,
    ),
    "gunicorn, preload, asgi": (f"{_GUNICORN} --worker-class asgi", "ASGI server listening on", 2),
    "hypercorn, 2 workers": (f"{_HYPERCORN} --workers 2", "Running on", 2),
    "hypercorn, trio": (f"{_HYPERCORN} --worker-class trio", "Running on", 1),
    "granian, 2 workers": (f"{_GRANIAN} --workers 2", "Started worker-", 2),
}


@dataclass(frozen=True, slots=True)
class WorkerServer:
    """Hold a running server and its port."""

    process: RunningProcess
    port: int

    def end(self) -> None:
        """Tell the server to end; return once it has."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def kill(self) -> None:
        """Kill the server with all its workers, by SIGKILL; return once it is gone."""
        os.killpg(self.process.process_id, signal.SIGKILL)
        self.process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def worker_server(
    name: str, redis_url: str, *, app: str = CHAT_APP, environment: Mapping[str, str] | None = None
) -> Iterator[WorkerServer]:
    """Give a server of `COMMANDS` that takes connections; whoever is left of it is killed at the end."""
    port = free_port()
    settings = {
        "REDIS_URL": redis_url,
        "TOKENPULSE_GENAI_PRICES": "false",
        "TOKENPULSE_MAX_MODELS_PER_PROVIDER": "10000",
        **(environment or {}),
    }
    command, ready, workers = COMMANDS[name]
    arguments = command.format(app=app, port=port).split()
    with RunningProcess(*arguments, environment=settings) as process:
        for _ in range(workers):
            process.wait_for_line(ready)
        wait_until(lambda: _listens(port), f"{name} listens")
        yield WorkerServer(process, port)
