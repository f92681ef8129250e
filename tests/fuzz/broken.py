"""Tell that a check failed."""

import traceback
from typing import Final

PACKAGE: Final = "/tokenpulse/"


class BrokenPromiseError(Exception):
    """Something that must hold does not.

    `kind`: short, the same for the same cause, without anything of the input.
    """

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind


class TooSlowError(Exception):
    """One execution did not end in time."""


def kind_of(error: Exception) -> str:
    """Return what two errors of the same cause have in common: the innermost line of the package."""
    if isinstance(error, BrokenPromiseError):
        return error.kind
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if PACKAGE in frame.filename] or list(frames)
    where = f"{inside[-1].filename.rpartition('/')[2]}:{inside[-1].name}" if inside else "?"
    return f"{type(error).__name__} in {where}"


def require(is_kept: bool, kind: str, detail: object = "") -> None:
    """Raise BrokenPromiseError unless something holds."""
    if not is_kept:
        raise BrokenPromiseError(kind, str(detail)[:2_000])
