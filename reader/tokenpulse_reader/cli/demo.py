"""The `demo` subcommand."""

import asyncio
import os
from typing import Any

import click

from tokenpulse_reader.cli.failures import failures_in_one_line, refuse_open_reader
from tokenpulse_reader.cli.options import settings_options
from tokenpulse_shared.settings import Settings

_MEMORY_URL = "memory://demo"


@click.command()
@settings_options(
    "redis_url",
    "key_prefix",
    "host",
    "port",
    "api_token",
    "allow_open",
    defaults={"redis_url": "memory://, inside this process; the environment is not looked at"},
)
@click.option(
    "--app-port", type=click.IntRange(0, 65535), default=0, help="Port of the simulated app; 0: a free one."
)
@click.option(
    "--rate",
    type=click.FloatRange(0.1, 500),
    default=20.0,
    show_default=True,
    help="Requests a second on average.",
)
@click.option(
    "--duration",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="End after this long; without it, Ctrl-C ends the demo.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed draws the same requests.")
def demo(app_port: int, rate: float, duration: float | None, seed: int, **flags: Any) -> None:
    """Show everything at work, with nothing but Python.

    One process holds a simulated app in front of six providers, wrapped in TokenPulseMiddleware; a client that
    sends it requests over HTTP; and the reader. Nothing leaves this machine. The providers and their numbers are
    invented.
    """
    from tokenpulse_reader.demo.session import DemoOptions, run_demo

    with failures_in_one_line():
        settings = Settings.load(os.environ, **{**flags, "redis_url": flags["redis_url"] or _MEMORY_URL})
        refuse_open_reader(settings)
        options = DemoOptions(
            settings=settings, rate=rate, seed=seed, app_port=app_port, duration_seconds=duration
        )
        asyncio.run(run_demo(options, click.echo))
