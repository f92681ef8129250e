"""What goes to Redis in one step: a group's operations, numbered, so that they are applied once."""

from typing import Literal, NamedTuple

Kind = Literal["provider", "http", "gateway"]


class Group(NamedTuple):
    """Name what a batch covers."""

    kind: Kind
    name: str


class Batch(NamedTuple):
    """Hold one group's encoded operations, numbered; `observations`: how many requests it counts."""

    group: Group
    guard_key: str
    previous: int
    sequence: int
    payload: bytes
    observations: int
    cut: int | None = None
    """Up to where it holds its group's records, as `Journal.cut` says; None: it holds none."""
