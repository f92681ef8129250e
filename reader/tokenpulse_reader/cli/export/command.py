"""The `export` subcommand's flags."""

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from tokenpulse_reader.cli.export.output import STDOUT, opened_output
from tokenpulse_reader.cli.export.progress import Progress
from tokenpulse_reader.cli.failures import RefusedError, failures_in_one_line
from tokenpulse_reader.cli.options import settings_options
from tokenpulse_reader.export.export import ExportPart, export_parts
from tokenpulse_reader.export.export_formats import FORMATS, ExportFormat
from tokenpulse_reader.export.export_range import GRANULARITIES, ExportRange, ExportRangeError, settle_range
from tokenpulse_shared.clock import SystemClock
from tokenpulse_shared.connections.redis_url import is_memory_url
from tokenpulse_shared.errors import StoreError
from tokenpulse_shared.keyspace import Granularity
from tokenpulse_shared.redact import masked_url
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.store import MetricsStore


@click.command()
@settings_options("redis_url", "key_prefix")
@click.option(
    "--format", "kind", type=click.Choice(FORMATS), default="csv", show_default=True, help="What is written."
)
@click.option(
    "--granularity",
    type=click.Choice(GRANULARITIES),
    default="hour",
    show_default=True,
    help="How long each row's window is. Minutes are kept for 2 hours, hours for 8 days, days for 100 days.",
)
@click.option(
    "--from",
    "begin",
    metavar="TIME",
    help="Beginning: ISO 8601, UTC without an offset, or epoch seconds. [default: 1 hour of minutes, 1 day of hours, "
    "7 days before the end]",
)
@click.option("--to", "end", metavar="TIME", help="End, as for --from. [default: now]")
@click.option("-o", "--output", metavar="FILE", default=STDOUT, help="Where to. [default: stdout]")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors.")
def export(
    kind: ExportFormat,
    granularity: Granularity,
    begin: str | None,
    end: str | None,
    output: str,
    quiet: bool,
    **flags: Any,
) -> None:
    """Write what was measured as CSV or JSON: one row for each model in each minute, hour or day.

    Reads from Redis, not from the reader. A file appears when it is whole; progress goes to stderr. Rows are those of
    windows that overlap the range, by provider, then model, then time.
    """
    with failures_in_one_line():
        settings = Settings.load(os.environ, **flags)
        if is_memory_url(settings.redis_url):
            raise RefusedError("memory:// is inside another process: name a Redis with --redis-url")
        progress = Progress(
            (lambda _: None) if quiet else lambda text: click.echo(text, nl=False, err=True),
            SystemClock(),
            is_terminal=sys.stderr.isatty(),
        )
        try:
            asyncio.run(_export(settings, (granularity, begin, end), kind, output, progress))
        except ExportRangeError as error:
            raise RefusedError(f"--{error.parameter}: {error}; allowed is {error.allowed}") from error
        except StoreError as error:
            progress.break_off()
            url = masked_url(settings.redis_url)
            raise click.ClickException(f"nothing is exported from {url}: {error}") from error


async def _export(
    settings: Settings,
    wanted: tuple[Granularity, str | None, str | None],
    kind: ExportFormat,
    output: str,
    progress: Progress,
) -> None:
    async with MetricsStore(settings=settings) as store:
        asked = settle_range(*wanted, await store.now())
        with opened_output(output) as stream:
            part = await _write_parts(store, asked, kind, stream.write, progress)
    kept = " (what is older is not kept any more)" if asked.is_cut else ""
    progress.end(f"{part.rows} rows of {part.all_models} models, {asked.begin} to {asked.end}{kept}")


async def _write_parts(
    store: MetricsStore,
    asked: ExportRange,
    kind: ExportFormat,
    write: Callable[[bytes], object],
    progress: Progress,
) -> ExportPart:
    """Write every part; return the last, which counts the whole."""
    last = ExportPart(data=b"", models=0, all_models=0, rows=0)
    async for part in export_parts(store, asked, kind):
        write(part.data)
        progress.note(part)
        last = part
    return last
