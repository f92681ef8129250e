"""Command-line flags made from the table of settings."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import click

from tokenpulse_shared.settings import ENVIRONMENT_PREFIX, Settings

Command = Callable[..., None]


def settings_options(*names: str, defaults: dict[str, str] | None = None) -> Callable[[Command], Command]:
    """Return a decorator that adds one flag per named setting; a flag not given arrives as None.

    `defaults` holds what the help shows where a command's default differs from the table's.
    """
    table = {item.name: item for item in fields(Settings)}
    shown = defaults or {}

    def decorate(command: Command) -> Command:
        for name in reversed(names):
            item = table[name]
            default = shown.get(name, item.default)
            command = _option(name, item.metadata["help"], default)(command)
        return command

    return decorate


def _option(name: str, help_text: str, default: Any) -> Callable[[Command], Command]:
    flag = f"--{name.replace('_', '-')}"
    about = f"{help_text[0].upper()}{help_text[1:]}. [env: {ENVIRONMENT_PREFIX}{name.upper()}"
    if default is True or default is False:
        return click.option(flag, name, is_flag=True, default=None, help=f"{about}]")
    about += "]" if default is None else f"; default: {default}]"
    return click.option(flag, name, default=None, metavar="VALUE", help=about)
