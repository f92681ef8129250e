"""Open what an export is written to: a file that appears when it is whole, or stdout."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click

STDOUT = "-"


@contextlib.contextmanager
def opened_output(path: str) -> Iterator[BinaryIO]:
    """Give what to write to.

    A file is written beside its place and moved there at the end, so a failed export leaves what was there before.
    What exists and is no plain file (`/dev/null`, a pipe) is written to as it is.

    Raises:
        click.ClickException: it cannot be written; names it. A closed pipe is left to click, which ends quietly.
    """
    try:
        if path == STDOUT:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        elif Path(path).exists() and not Path(path).is_file():
            with Path(path).open("wb") as stream:
                yield stream
        else:
            with _replacing(Path(path)) as stream:
                yield stream
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        name = "stdout" if path == STDOUT else path
        raise click.ClickException(f"cannot write {name}: {error.strerror or error}") from error


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as stream:
            yield stream
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
