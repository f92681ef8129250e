"""The `doctor` subcommand's flags."""

import os
from typing import Any, Literal

import click

from tokenpulse_reader.cli.doctor.check import EXIT_CODES, worst
from tokenpulse_reader.cli.doctor.examination import examine
from tokenpulse_reader.cli.doctor.report import json_report, text_report
from tokenpulse_reader.cli.failures import failures_in_one_line
from tokenpulse_reader.cli.options import settings_options
from tokenpulse_shared.redact import masked_url
from tokenpulse_shared.rights import Role
from tokenpulse_shared.settings import Settings

_ROLES: dict[str, tuple[Role, ...]] = {
    "both": ("writer", "reader"),
    "writer": ("writer",),
    "reader": ("reader",),
    "operator": ("operator",),
}


@click.command()
@settings_options("redis_url", "key_prefix")
@click.option(
    "--role",
    type=click.Choice(list(_ROLES)),
    default="both",
    show_default=True,
    help=(
        "Whose rights the URL's user must have: those of an app's workers, of the reader, or both; of a reader that "
        "also scores for all and takes posts."
    ),
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def doctor(
    context: click.Context,
    /,
    role: Literal["both", "writer", "reader", "operator"],
    as_json: bool,
    **flags: Any,
) -> None:
    """Check Redis and everything in it that tokenpulse depends on, and say what to do.

    Looks at the connection, TLS, rights, version, clock, eviction, memory, persistence, replicas, the workers that
    report, and what they lost. Changes nothing. Exit code 0: all is well; 1: there are warnings; 2: something is
    broken, or a setting is wrong.
    """
    with failures_in_one_line():
        settings = Settings.load(os.environ, **flags)
        checks = examine(settings, _ROLES[role])
        write = json_report if as_json else text_report
        click.echo(write(checks, masked_url(settings.redis_url), settings.key_prefix))
    context.exit(EXIT_CODES[worst(checks)])
