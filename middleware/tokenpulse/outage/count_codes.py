"""Number everything a series counts, so that it fits one dict: each counter, bucket or field has a small integer.

Strategy: what waits through an outage is merged, packed, kept by the ten thousand; one mapping of code → count
takes one loop to merge, two arrays to pack. Codes fit 16 signed bits. They are one process's own, for they number
fields in the order it met them: they never leave it.
Layout: the counters of `WINDOW_COUNTERS` by their place; a sketch's bucket by its index plus the sketch's base,
bucket `ZERO` below all others; from `FIELDS` on the fields that only totals have.
Worked: index -17 of `ttft`, the second sketch, is code 2 · 2048 + 1024 - 17 = 5103.
"""

from typing import Final

from tokenpulse.aggregation.deltas import SeriesDelta
from tokenpulse.batches.totals_fields import totals_only_fields
from tokenpulse_shared.counters import SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.sketch import COARSE_SCALE, FINE_SCALE, ZERO

Counts = dict[int, int]
"""Code → count."""

_ROOM_BITS: Final = 11
SKETCH_ROOM: Final = 1 << _ROOM_BITS
"""Of a sketch: more than the indexes there are, 1,344 at the fine scale, from -639 to 704."""
FIRST_BUCKET: Final = SKETCH_ROOM
SKETCH_BASES: Final = tuple((place + 1) * SKETCH_ROOM + SKETCH_ROOM // 2 for place in range(len(SKETCHED)))
"""What is added to an index, by the place of the quantity in `SKETCHED`."""
FIELDS: Final = FIRST_BUCKET + len(SKETCHED) * SKETCH_ROOM
MAX_FIELDS: Final = 32_767 - FIELDS
"""Far more than there can be: some 250 of histograms, 192 words, a few dozen for each endpoint."""


class FieldCodes(dict[str, int]):
    """Give for a field of the totals its code: `codes[name]`; not thread-safe."""

    __slots__ = ("names",)

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[int, str] = dict(enumerate(WINDOW_COUNTERS))
        """Code → field name; counters' codes too."""

    def __missing__(self, name: str) -> int:
        code = self[name] = FIELDS + min(len(self), MAX_FIELDS)
        self.names[code] = name
        return code


def counts_of(delta: SeriesDelta, codes: FieldCodes) -> Counts:
    """Return all that a delta counts, by code; O(buckets)."""
    counts = {code: count for code, count in enumerate(delta.counters) if count}
    for base, quantity in zip(SKETCH_BASES, SKETCHED, strict=True):
        for index, count in getattr(delta, quantity).items():
            counts[base + index] = count
    for name, count in totals_only_fields(delta).items():
        counts[codes[name]] = count
    return counts


def add_counts(into: Counts, more: Counts) -> None:
    """Add the counts of one mapping to another; O(more)."""
    held = into.get
    for code, count in more.items():
        into[code] = held(code, 0) + count


def sketch_codes(place: int) -> set[int]:
    """Return all codes of the sketch at a place of `SKETCHED`."""
    base = SKETCH_BASES[place]
    return {base + ZERO, *range(base - SKETCH_ROOM // 2, base + SKETCH_ROOM // 2)}


def sketch_of(code: int) -> tuple[int, int]:
    """Return (place in `SKETCHED`, index) of a bucket's code."""
    place = ((code if code > 0 else code - ZERO) >> _ROOM_BITS) - 1
    return place, code - SKETCH_BASES[place]


def _coarse(code: int) -> int:
    base = SKETCH_BASES[(code >> _ROOM_BITS) - 1]
    return base + (code - base >> FINE_SCALE - COARSE_SCALE)


_COARSE: Final = tuple(_coarse(code) for code in range(FIRST_BUCKET, FIELDS))


def add_coarsely(into: Counts, more: Counts) -> None:
    """Add counts with sketches at `FINE_SCALE` to counts with sketches at `COARSE_SCALE`; O(more)."""
    held, coarse = into.get, _COARSE
    for code, count in more.items():
        if FIRST_BUCKET <= code < FIELDS:
            code = coarse[code - FIRST_BUCKET]
        into[code] = held(code, 0) + count
