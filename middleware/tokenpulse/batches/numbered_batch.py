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

    def may_be_answered(self, reply: object) -> bool:
        """Tell whether the apply script may have said this of the batch; an earlier one has another sequence."""
        if not isinstance(reply, list) or len(reply) != 6 or reply[5] != self.guard_key.encode():
            return False
        status: object = reply[0]
        stored = int(reply[1])
        if status == b"OK":
            return stored == self.sequence
        return (status == b"DUP") == (stored >= self.sequence)
