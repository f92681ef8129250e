"""The `replay` subcommand's flags."""

import asyncio
import os
import shutil
import sys
from typing import Any, BinaryIO, Final

import click

from tokenpulse_reader.cli.failures import RefusedError, failures_in_one_line
from tokenpulse_reader.cli.options import settings_options
from tokenpulse_shared.settings import Settings

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
"""Largest file read."""

_NO_REDIS: Final = "redis://localhost"
"""Stands where an address must stand; a replay connects to nothing."""


class Cutting(click.ParamType[int | str]):
    """Take `events`, `recorded`, or a number of bytes."""

    name = "cut"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Return the word, or the number."""
        text = str(value)
        if text not in ("events", "recorded") and not (text.isdecimal() and int(text) > 0):
            self.fail(f"{text!r}: expected events, recorded or a number of bytes", param, ctx)
        return int(text) if text.isdecimal() else text


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option(
    "--path",
    metavar="PATH",
    help="Path of the request, such as /v1/chat/completions, where the file does not hold it; default: told by the answer's shape.",
)
@click.option(
    "--dialect",
    metavar="NAME",
    help="Protocol of the answer, such as openai-chat; a wrong name lists them all.",
)
@click.option("--provider", metavar="NAME", help="Provider to name, as an app would annotate it.")
@click.option("--model", metavar="NAME", help="Model to name, as an app would annotate it.")
@settings_options("price_file", "endpoints", "estimate_usage")
@click.option(
    "--chunks",
    type=Cutting(),
    default="recorded",
    metavar="CUT",
    help="How the body is cut: events (one by one), recorded (as it was read, else events), or a number of bytes a piece. [default: recorded]",
)
@click.option(
    "--line", type=click.IntRange(1), help="Which of a file's recorded exchanges, one a line, counted from 1."
)
@click.option("--entry", type=click.IntRange(1), help="Which entry of a HAR file, counted from 1.")
@click.option(
    "--full",
    is_flag=True,
    help="Show every event; else of a long stream the first 10, the last 5 and what matters between.",
)
@click.option(
    "--text",
    is_flag=True,
    help="Show what the model said. Without it no text of a prompt or an answer is printed.",
)
@click.option("--json", "is_json", is_flag=True, help="Print JSON, every event in it.")
def replay(file: BinaryIO, is_json: bool, full: bool, text: bool, **given: Any) -> None:
    """Show what tokenpulse sees in a recorded answer, event by event.

    FILE is what curl -N or curl -i saved, an exchange recorded as JSON (or many, one a line), or a HAR file; - is
    stdin. The answer is replayed through the middleware: which event is the first content, where usage comes from,
    what it costs. Nothing is sent anywhere, nothing is written to Redis.
    """
    from tokenpulse_reader.cli.replay.report import Wanted, json_report, text_report

    with failures_in_one_line():
        flags = {name: given.pop(name) for name in ("price_file", "endpoints", "estimate_usage")}
        settings = Settings.load(os.environ, redis_url=_NO_REDIS, **flags)
        name = str(getattr(file, "name", "<stdin>"))
        content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise RefusedError(f"{name} has more than {MAX_FILE_BYTES} bytes")
        wanted = Wanted(name, content, settings, **given)
        if is_json:
            shown = asyncio.run(json_report(wanted, has_text=text))
        else:
            width = shutil.get_terminal_size((100, 24)).columns
            shown = asyncio.run(text_report(wanted, is_full=full, has_text=text, width=width))
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(shown.encode(encoding, "backslashreplace").decode(encoding))
