"""Write what a series' closed minutes add up to as one object of bytes.

Strategy: of the three parts two grow with every minute, the third when an hour ends. As one object they soon are too
large for the allocator of small ones, which would keep the room that each leaves when it outgrows that; and when an
hour ends none shrinks.
Invariant: ClosedSums.read(sums.written()) == sums.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

_HEAD: Final = struct.Struct("<II")
"""Before each day's counts, and each record of an hour that is over: the first minute, the length."""
_SIZES: Final = struct.Struct("<II")
"""The length of the open hour's record, and of all days' counts."""


class ClosedSums(NamedTuple):
    """Hold the record of the open hour, the packed counts of days, the records of hours that are over."""

    record: bytes
    days: bytes
    past: bytes

    @classmethod
    def read(cls, data: bytes) -> "ClosedSums":
        """Return what was written; of nothing at all: nothing."""
        if not data:
            return cls(b"", b"", b"")
        record_bytes, days_bytes = _SIZES.unpack_from(data)
        days_at = _SIZES.size + record_bytes
        past_at = days_at + days_bytes
        return cls(data[_SIZES.size : days_at], data[days_at:past_at], data[past_at:])

    def written(self) -> bytes:
        """Return it as one object."""
        return b"".join((_SIZES.pack(len(self.record), len(self.days)), *self))


def with_start(start: int, payload: bytes) -> bytes:
    """Return an entry of days or of past hours; `start` is its first minute."""
    return _HEAD.pack(start, len(payload)) + payload


def parts_by_start(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give (first minute, payload) of each entry."""
    at = 0
    while at < len(data):
        start, size = _HEAD.unpack_from(data, at)
        at += _HEAD.size + size
        yield start, data[at - size : at]
