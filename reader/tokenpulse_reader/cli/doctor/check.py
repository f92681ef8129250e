"""What one check of the doctor says."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Status = Literal["ok", "warning", "failure"]
EXIT_CODES: Final[dict[Status, int]] = {"ok": 0, "warning": 1, "failure": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Hold one finding in words.

    `to_do` is what to do about it, None when there is nothing to do. `items` are details, one a line.
    """

    name: str
    status: Status
    says: str
    to_do: str | None = None
    items: tuple[str, ...] = ()


def passed(name: str, says: str, *, items: Iterable[str] = ()) -> Check:
    """Return a check that found nothing wrong."""
    return Check(name=name, status="ok", says=says, items=tuple(items))


def warning(name: str, says: str, to_do: str, *, items: Iterable[str] = ()) -> Check:
    """Return a check that found something an operator should know."""
    return Check(name=name, status="warning", says=says, to_do=to_do, items=tuple(items))


def failure(name: str, says: str, to_do: str, *, items: Iterable[str] = ()) -> Check:
    """Return a check that found something which keeps tokenpulse from working."""
    return Check(name=name, status="failure", says=says, to_do=to_do, items=tuple(items))


def worst(checks: Iterable[Check]) -> Status:
    """Return the worst status there is, ok when there is no check."""
    return max((check.status for check in checks), key=EXIT_CODES.__getitem__, default="ok")
