"""The `reader` subcommand."""

import asyncio
import contextlib
import os
from typing import Any

import click

from tokenpulse_reader.cli.failures import failures_in_one_line, refuse_open_reader
from tokenpulse_reader.cli.options import settings_options
from tokenpulse_reader.cli.posts import recorder_of_posts
from tokenpulse_shared.connections.redis_url import is_memory_url
from tokenpulse_shared.redact import masked_url
from tokenpulse_shared.settings import Settings


@click.command()
@settings_options(
    "redis_url",
    "key_prefix",
    "host",
    "port",
    "api_token",
    "metrics_tokens",
    "allow_open",
    "allowed_hosts",
    "snapshot_interval",
    "health_interval",
    "metrics_profile",
    "acceptable_latency",
)
def reader(**flags: Any) -> None:
    """Serve what the middleware measured: health, statistics, breakers, Prometheus metrics.

    The address of Redis comes from --redis-url, else TOKENPULSE_REDIS_URL, else REDIS_URL, else REDIS_HOST,
    REDIS_PORT, REDIS_PASSWORD, REDIS_DB. The reader starts without Redis too, and serves once it is there.
    """
    with failures_in_one_line():
        settings = Settings.load(os.environ, **flags)
        refuse_open_reader(settings)
        asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    from tokenpulse_reader.app import create_app
    from tokenpulse_reader.collector import calm_collector
    from tokenpulse_reader.http.reader_server import reader_server
    from tokenpulse_reader.http.serving import open_listener, stop_on_signals, wait_for_stop

    calm_collector()
    with (
        contextlib.closing(open_listener(settings.host, settings.port, flag="--port")) as listener,
        stop_on_signals() as stop,
    ):
        async with (
            recorder_of_posts(settings) as ingest,
            reader_server(create_app(settings, ingest=ingest), listener) as server,
        ):
            click.echo(f"reader   {server.url}")
            click.echo(f"numbers  from {masked_url(settings.redis_url)}, keys {settings.key_prefix}*")
            if is_memory_url(settings.redis_url):
                click.echo(
                    "memory:// is inside this process, where no app writes: it shows only what is posted"
                )
            await wait_for_stop(stop, (server,))
    click.echo("stopped")
