"""Run the demo: simulated upstream behind the middleware, traffic, reader, all in this process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

import httpx

from tokenpulse import TokenPulseMiddleware
from tokenpulse_reader.app import create_app
from tokenpulse_reader.demo.plans import is_degrading
from tokenpulse_reader.demo.report import introduction, status_line, summary
from tokenpulse_reader.demo.traffic import Traffic
from tokenpulse_reader.demo.upstream import SimulatedUpstream
from tokenpulse_reader.http.reader_server import reader_server
from tokenpulse_reader.http.serving import BackgroundServer, open_listener, stop_on_signals, wait_for_stop
from tokenpulse_shared.access_tokens import token_list
from tokenpulse_shared.clock import SystemClock
from tokenpulse_shared.settings import Settings

_STATUS_EVERY_SECONDS: Final = 5.0
_HEALTH_TIMEOUT_SECONDS: Final = 2.0

WriteLine = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """Hold what the demo can be told.

    `duration_seconds` None runs until a signal; `app_port` 0 takes a free port; `rate` is requests a second.
    """

    settings: Settings
    rate: float
    seed: int
    app_port: int
    duration_seconds: float | None


async def run_demo(options: DemoOptions, write_line: WriteLine) -> None:
    """Run until a signal or the end of the duration; every line for the user goes to `write_line`.

    Raises:
        ServingError: a port is taken, or a server did not start.
    """
    settings = options.settings
    with (
        contextlib.closing(open_listener("127.0.0.1", options.app_port, flag="--app-port")) as app_listener,
        contextlib.closing(open_listener(settings.host, settings.port, flag="--port")) as reader_listener,
        stop_on_signals() as stop,
    ):
        upstream = SimulatedUpstream(seed=options.seed, clock=SystemClock())
        measured = TokenPulseMiddleware(upstream.app, **_middleware_settings(settings))
        app = BackgroundServer(measured, app_listener, name="the simulated app")
        reader = reader_server(create_app(settings, ingest=measured.recorder), reader_listener)
        traffic = Traffic(app.url, rate=options.rate, seed=options.seed + 1)
        async with reader, app:
            for line in introduction(settings, app_url=app.url, reader_url=reader.url, rate=options.rate):
                write_line(line)
            reporter = _report(upstream, traffic, reader.url, settings.api_token, write_line)
            async with _running(traffic.run()), _running(reporter):
                await wait_for_stop(stop, (app, reader), duration_seconds=options.duration_seconds)
                write_line("stopping: open requests may finish, then the last numbers are flushed")
    pending = measured.recorder.stats()["pending"]
    for line in summary(traffic.counts, pending=pending, spill_path=measured.recorder.settings.spill_path):
        write_line(line)


def _middleware_settings(settings: Settings) -> dict[str, Any]:
    return {"redis_url": settings.redis_url, "key_prefix": settings.key_prefix, "app_name": "demo"}


async def _report(
    upstream: SimulatedUpstream,
    traffic: Traffic,
    reader_url: str,
    api_token: str | None,
    write_line: WriteLine,
) -> None:
    headers = {"authorization": f"Bearer {token_list(api_token)[0]}"} if api_token else {}
    async with httpx.AsyncClient(
        base_url=reader_url, headers=headers, timeout=_HEALTH_TIMEOUT_SECONDS, trust_env=False
    ) as client:
        while True:
            await asyncio.sleep(_STATUS_EVERY_SECONDS)
            elapsed = upstream.elapsed_seconds
            health = await _load_health(client)
            degrading = is_degrading(elapsed)
            write_line(status_line(traffic.counts, health, elapsed_seconds=elapsed, degrading=degrading))


async def _load_health(client: httpx.AsyncClient) -> list[dict[str, Any]] | None:
    """Return the reader's health of all providers, None when it did not answer with one."""
    try:
        response = await client.get("/api/monitoring/health")
    except httpx.HTTPError:
        return None
    if response.is_error:
        return None
    health: list[dict[str, Any]] = response.json()
    return health


@contextlib.asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
