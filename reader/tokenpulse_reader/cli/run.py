"""The `run` subcommand."""

import asyncio
import contextlib
import os
from collections.abc import Mapping
from typing import Any

import click

from tokenpulse_reader.cli.failures import failures_in_one_line, refuse_open_reader
from tokenpulse_reader.cli.options import settings_options
from tokenpulse_reader.cli.target import Application, import_application
from tokenpulse_shared.settings import Settings

_MEMORY_URL = "memory://run"
_CONNECTION_VARIABLES = ("TOKENPULSE_REDIS_URL", "REDIS_URL", "REDIS_HOST")


@click.command()
@click.argument("target", metavar="MODULE:APP")
@settings_options(
    "redis_url",
    "key_prefix",
    "app_name",
    "api_token",
    "metrics_tokens",
    defaults={"redis_url": "REDIS_URL if set, else memory://, inside this process"},
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address the app binds to.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port of the app; 0: a free one.",
)
@click.option(
    "--reader-port",
    type=click.IntRange(0, 65535),
    help="Port of the reader, on 127.0.0.1 unless TOKENPULSE_HOST says otherwise. [env: TOKENPULSE_PORT; default: 9100]",
)
def run(target: str, host: str, port: int, reader_port: int | None, **flags: Any) -> None:
    """Serve an ASGI app wrapped in TokenPulseMiddleware, with the reader, in one process.

    MODULE:APP names the app as uvicorn does: myproject.main:app. Without an address of Redis the numbers are kept
    in this process and end with it: for trying out. In production put the middleware into the app instead.
    """
    with failures_in_one_line():
        settings = _settings(os.environ, {**flags, "port": reader_port})
        refuse_open_reader(settings)
        asyncio.run(_serve(import_application(target), settings, host, port))


def _settings(environ: Mapping[str, str], flags: dict[str, Any]) -> Settings:
    if flags["redis_url"] is None and not any(environ.get(name) for name in _CONNECTION_VARIABLES):
        flags["redis_url"] = _MEMORY_URL
    return Settings.load(environ, **flags)


async def _serve(application: Application, settings: Settings, host: str, port: int) -> None:
    from tokenpulse import TokenPulseMiddleware
    from tokenpulse_reader.app import create_app
    from tokenpulse_reader.demo.report import where_kept
    from tokenpulse_reader.http.reader_server import reader_server
    from tokenpulse_reader.http.serving import BackgroundServer, open_listener, stop_on_signals, wait_for_stop

    with (
        contextlib.closing(open_listener(host, port, flag="--port")) as app_listener,
        contextlib.closing(
            open_listener(settings.host, settings.port, flag="--reader-port")
        ) as reader_listener,
        stop_on_signals() as stop,
    ):
        given = {name: getattr(settings, name) for name in ("redis_url", "key_prefix", "app_name")}
        measured = TokenPulseMiddleware(application, **given)
        app = BackgroundServer(measured, app_listener, name="the app")
        reader = reader_server(create_app(settings, ingest=measured.recorder), reader_listener)
        async with reader, app:
            click.echo(f"app      {app.url}")
            click.echo(f"reader   {reader.url}")
            click.echo(f"numbers  {where_kept(settings)}")
            await wait_for_stop(stop, (app, reader))
    click.echo("stopped")
