"""Pack counts by code into bytes: three bytes for most, where a dict takes a hundred.

Layout: how many (2 bytes), the codes in rising order (2 bytes each), a byte for each count, 255 for those that
do not fit; these follow, 8 bytes each.
Invariant: unpack(pack(counts)) == counts, for codes of 16 signed bits, counts from 0 to 2^63 - 1.
"""

from array import array
from typing import Final

from tokenpulse.outage.count_codes import Counts

_FULL: Final = 255
_LARGEST: Final = 2**63 - 1


def sorted_counts(counts: Counts) -> "tuple[array[int], list[int]]":
    """Return the codes in rising order, with the count of each."""
    codes = array("h", sorted(counts))
    return codes, [counts[code] for code in codes]


def pack(counts: Counts) -> bytes:
    """Return the counts as bytes."""
    codes, values = sorted_counts(counts)
    large = [min(value, _LARGEST) for value in values if value >= _FULL]
    if large:
        values = [value if value < _FULL else _FULL for value in values]
    head = len(codes).to_bytes(2, "little")
    return b"".join((head, codes.tobytes(), bytes(values), array("q", large).tobytes()))


def unpack(data: bytes) -> Counts:
    """Return the counts that `pack` was given."""
    codes, values = unpack_sorted(data)
    return dict(zip(codes, values, strict=True))


def unpack_sorted(data: bytes) -> tuple["array[int]", list[int]]:
    """Return the codes in rising order, with the count of each."""
    size = int.from_bytes(data[:2], "little")  # of nothing at all: none
    small_at, large_at = 2 + 2 * size, 2 + 3 * size
    codes = array("h", data[2:small_at])
    values = list(data[small_at:large_at])
    if large_at < len(data):
        at = -1
        for value in array("q", data[large_at:]):
            at = data.index(_FULL, small_at + at + 1, large_at) - small_at
            values[at] = value
    return codes, values
