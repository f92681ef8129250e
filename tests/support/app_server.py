"""Serve an app of the tests with uvicorn in processes of its own."""

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx

from tests.support.processes import RunningProcess

CHAT_APP: Final = "tests.support.chat_app:app"


@dataclass(frozen=True, slots=True)
class AppServer:
    """Hold a running server and its address, `http://127.0.0.1:<port>`."""

    process: RunningProcess
    url: str

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return int(self.url.rsplit(":", 1)[1])


@contextmanager
def serving(
    redis_url: str,
    *options: str,
    app: str = CHAT_APP,
    flush_seconds: float = 0.05,
    workers: int = 1,
    environment: Mapping[str, str] | None = None,
) -> Iterator[AppServer]:
    """Give a uvicorn that takes connections, with `options` of its command line; SIGTERM ends it."""
    told = {"REDIS_URL": redis_url, "TOKENPULSE_FLUSH_INTERVAL": str(flush_seconds), **(environment or {})}
    arguments = ("uvicorn", app, "--host", "127.0.0.1", "--port", "0", "--no-access-log")
    patience = ("--timeout-graceful-shutdown", "5", "--workers", str(workers))
    with RunningProcess(*arguments, *patience, *options, environment=told) as process:
        line = process.wait_for_line("Uvicorn running on ")
        if workers > 1:  # that line is the parent's, before any worker listens
            for _ in range(workers):
                process.wait_for_line("Application startup complete")
        try:
            yield AppServer(process, line.split("running on ")[1].split()[0])
        finally:  # an end with a flush, not the block's SIGKILL
            process.send_signal(signal.SIGTERM)
            process.wait()


def connections_to(server: AppServer) -> httpx.Client:
    """Return a client that opens a connection for each request; the caller closes it."""
    return httpx.Client(base_url=server.url, timeout=10, limits=httpx.Limits(max_keepalive_connections=0))


def chat(client: httpx.Client, model: str, **fields: Any) -> httpx.Response:
    """Ask the chat app; return its answer, read to the end."""
    body = {"model": model, "messages": [{"role": "user", "content": "Count"}], **fields}
    return client.post("/v1/chat/completions", json=body)
