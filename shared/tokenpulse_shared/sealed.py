"""Read the packed windows that `scripts/seal.lua` writes.

Strategy: a block is a run of records, `id length payload`, appended in any order; the same id may occur
again (late data), and records of one id add up. All numbers are unsigned LEB128 varints, except `id`, one
byte (the minute of the hour, or the hour of the day).
payload: pairs n, then n × (counter's place in `WINDOW_COUNTERS`, value), then per quantity of `SKETCHED`:
scale + 1 (0: no sketch, nothing follows), buckets n, zero count, zigzag of the first index minus one, then
n × (gap to the previous index, count).

Invariant: decode(seal(window)) == window, for any window the seal script packs.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tokenpulse_shared.counters import SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.errors import SealedRecordError
from tokenpulse_shared.sketch import ZERO, Buckets


class SealedWindow(NamedTuple):
    """Hold one decoded record: counters by field name, sketches by quantity as (scale, buckets)."""

    id: int
    counters: dict[str, int]
    sketches: dict[str, tuple[int, Buckets]]


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7


def _decode_sketch(data: bytes, position: int, scale: int) -> tuple[Buckets, int]:
    size, position = _varint(data, position)
    zeros, position = _varint(data, position)
    buckets: Buckets = {ZERO: zeros} if zeros else {}
    zigzag, position = _varint(data, position)
    index = (zigzag >> 1) ^ -(zigzag & 1)
    for _ in range(size):
        gap, position = _varint(data, position)
        count, position = _varint(data, position)
        index += gap
        buckets[index] = count
    return buckets, position


def _decode_payload(identifier: int, data: bytes, position: int) -> SealedWindow:
    counters: dict[str, int] = {}
    sketches: dict[str, tuple[int, Buckets]] = {}
    size, position = _varint(data, position)
    for _ in range(size):
        place, position = _varint(data, position)
        value, position = _varint(data, position)
        if place < len(WINDOW_COUNTERS):  # a newer writer's counter is skipped, not an error
            counters[WINDOW_COUNTERS[place]] = value
    for quantity in SKETCHED:
        scale, position = _varint(data, position)
        if scale:
            sketch, position = _decode_sketch(data, position, scale - 1)
            sketches[quantity] = (scale - 1, sketch)
    return SealedWindow(identifier, counters, sketches)


def decode_block(data: bytes, wanted: frozenset[int] | None = None) -> Iterator[SealedWindow]:
    """Yield the records of a block whose id is in `wanted` (None: all), in the order they were appended.

    Raises:
        SealedRecordError: the block ends inside a record; the records before it were yielded.
    """
    position = 0
    try:
        while position < len(data):
            identifier = data[position]
            length, start = _varint(data, position + 1)
            position = start + length
            if position > len(data):
                raise IndexError
            if wanted is None or identifier in wanted:
                yield _decode_payload(identifier, data[start:position], 0)
    except IndexError as error:
        raise SealedRecordError(f"packed windows: a record ends past byte {len(data)}") from error
