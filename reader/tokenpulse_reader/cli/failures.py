"""Turn what a command can say no to into one line on stderr."""

import contextlib
from collections.abc import Iterator

import click

from tokenpulse_reader.http.serving import ServingError, is_loopback
from tokenpulse_shared.errors import SettingsError
from tokenpulse_shared.settings import Settings

WRONG_INPUT = 2
"""Exit code for what the user can put right: a setting, a name, a refused address."""


class RefusedError(click.ClickException):
    """End the command with exit code 2."""

    exit_code = WRONG_INPUT


@contextlib.contextmanager
def failures_in_one_line() -> Iterator[None]:
    """End the command with one line when a setting is wrong (exit code 2) or serving fails (1)."""
    try:
        yield
    except SettingsError as error:
        raise RefusedError(str(error)) from error
    except ServingError as error:
        raise click.ClickException(str(error)) from error


def refuse_open_reader(settings: Settings) -> None:
    """Refuse a reader that anybody on the network could read.

    Raises:
        RefusedError: no token is set, the address is not loopback, and it was not allowed explicitly.
    """
    if settings.api_token or settings.metrics_tokens or settings.allow_open or is_loopback(settings.host):
        return
    raise RefusedError(
        f"refusing to bind the reader to {settings.host} without a token: anybody who reaches this machine "
        "could read your traffic, costs and errors. Set TOKENPULSE_API_TOKEN (or --api-token), keep the reader on "
        "127.0.0.1, or allow it with --allow-open."
    )
