"""Read the packed windows that `scripts/seal.lua` writes.

Strategy: a block is a run of records, `id length payload`, appended in any order; the same id may occur
again (late data), and records of one id add up. Numbers are unsigned LEB128 varints, except `id`, one byte
(the minute of the hour, or the hour of the day).
payload: pairs n, then n × (counter's place in `WINDOW_COUNTERS`, value); the three sketches of the first layout,
none in records written now; then a sketch for each quantity of `SKETCHED`, until the payload ends. So records of
older writers have no more than the three, and what a newer writer adds at the end is passed over.

A sketch of the first layout: scale + 1 (0: none, nothing follows), buckets n, zero count, zigzag of the first
index, then n × (gap to the previous index, count).
A sketch now: one byte, 0: none; 8 + p: the same as that of the quantity at place p; 16 × bits + scale: buckets n,
zero count, zigzag of the first index, then n × one byte: gap − 1 (the first: 0) in its upper 8 − bits, count − 1 in
its lower bits; a field with all bits set is followed by a varint of what is over them, the gap's first.
Nearly every bucket is one byte that way, half of what the first layout takes. Worked, bits 6: gap 1, count 10 is
the byte 9; gap 2, count 70 is the bytes 127 (gap − 1 is 1, count full), 6 (69 − 63).

Invariant: decode(seal(window)) == window, for any window the seal script packs.
"""

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from tokenpulse_shared.counters import SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.errors import SealedRecordError
from tokenpulse_shared.sketch import ZERO, Buckets

_FIRST_LAYOUT: Final = ("latency", "ttft", "tpot")
_SAME_AS: Final = 8
_PACKED_FROM: Final = 16

HeldSketch = tuple[int, Buckets]
"""(scale, buckets)."""


class SealedWindow(NamedTuple):
    """Hold one decoded record: counters by field name, sketches by quantity as (scale, buckets)."""

    id: int
    counters: dict[str, int]
    sketches: dict[str, HeldSketch]


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7


def _decode_head(data: bytes, position: int) -> tuple[int, Buckets, int, int]:
    """Return (buckets n, the buckets begun with that of zero, first index, position after)."""
    size, position = _varint(data, position)
    zeros, position = _varint(data, position)
    zigzag, position = _varint(data, position)
    return size, {ZERO: zeros} if zeros else {}, (zigzag >> 1) ^ -(zigzag & 1), position


def _decode_first_layout(data: bytes, position: int) -> tuple[Buckets, int]:
    size, buckets, index, position = _decode_head(data, position)
    for _ in range(size):
        gap, position = _varint(data, position)
        count, position = _varint(data, position)
        index += gap
        buckets[index] = count
    return buckets, position


def _decode_buckets(data: bytes, position: int, bits: int) -> tuple[Buckets, int]:
    size, buckets, index, position = _decode_head(data, position)
    count_full, gap_full = (1 << bits) - 1, (256 >> bits) - 1
    index -= 1
    for _ in range(size):
        byte = data[position]
        position += 1
        gap, count = byte >> bits, byte & count_full
        if gap == gap_full:
            more, position = _varint(data, position)
            gap += more
        if count == count_full:
            more, position = _varint(data, position)
            count += more
        index += gap + 1
        buckets[index] = count + 1
    return buckets, position


def _same(place: int, sketches: dict[str, HeldSketch]) -> HeldSketch:
    held = sketches.get(SKETCHED[place]) if 0 <= place < len(SKETCHED) else None
    if held is None:
        raise SealedRecordError(
            f"packed windows: a sketch is to equal that at place {place}, which is not there"
        )
    return held


def _decode_sketches(data: bytes, position: int, quantities: int, sketches: dict[str, HeldSketch]) -> None:
    for quantity in SKETCHED[:quantities]:
        if position >= len(data):
            return
        kind = data[position]
        position += 1
        if kind >= _PACKED_FROM:
            buckets, position = _decode_buckets(data, position, kind >> 4)
            sketches[quantity] = (kind & 15, buckets)
        elif kind:
            sketches[quantity] = _same(kind - _SAME_AS, sketches)


def _decode_payload(identifier: int, data: bytes, quantities: int) -> SealedWindow:
    counters: dict[str, int] = {}
    sketches: dict[str, HeldSketch] = {}
    size, position = _varint(data, 0)
    for _ in range(size):
        place, position = _varint(data, position)
        value, position = _varint(data, position)
        if place < len(WINDOW_COUNTERS):  # a newer writer's counter is skipped, not an error
            counters[WINDOW_COUNTERS[place]] = value
    for quantity in _FIRST_LAYOUT:
        scale, position = _varint(data, position)
        if scale:
            buckets, position = _decode_first_layout(data, position)
            sketches[quantity] = (scale - 1, buckets)
    _decode_sketches(data, position, quantities, sketches)
    return SealedWindow(identifier, counters, sketches)


def decode_block(
    data: bytes, wanted: frozenset[int] | None = None, quantities: Collection[str] = SKETCHED
) -> Iterator[SealedWindow]:
    """Yield the records of a block whose id is in `wanted` (None: all), in the order they were appended.

    Of the sketches those of `quantities` come with them, nothing behind the last of these is read: a minute of a
    model with a request every 4 s takes 54 µs whole, 10 µs without sketches.

    Raises:
        SealedRecordError: the block ends inside a record, or a record says what cannot be; the records before
            it were yielded.
    """
    position = 0
    reach = max((SKETCHED.index(quantity) + 1 for quantity in quantities), default=0)
    try:
        while position < len(data):
            identifier = data[position]
            length, start = _varint(data, position + 1)
            position = start + length
            if position > len(data):
                raise IndexError
            if wanted is None or identifier in wanted:
                window = _decode_payload(identifier, data[start:position], reach)
                for quantity in window.sketches.keys() - quantities:
                    del window.sketches[quantity]
                yield window
    except IndexError as error:
        raise SealedRecordError(f"packed windows: a record ends past byte {len(data)}") from error
