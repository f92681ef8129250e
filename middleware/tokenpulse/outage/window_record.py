"""Write the packed windows that `scripts/seal.lua` writes too: see `tokenpulse_shared.windows.sealed` for their layout.

Strategy: a window that waited through an outage needs no hash in Redis: its record is made here and appended to
its block there. Records of one window add up, so other writers, or late counts, do not matter.
Invariant: decode(block_record(id, window_payload(counts))) has the counters and sketches of `counts`.
Bounds: `_REMEMBERED` pairs of gap and count for each of six widths.
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from operator import sub
from typing import Final

from tokenpulse.outage.count_codes import FIRST_BUCKET, SKETCH_BASES, SKETCH_ROOM, Counts, sketch_of
from tokenpulse_shared.counters import MAX_COUNT, SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.sketch import rescaled
from tokenpulse_shared.windows.sealed import decode_block

_NO_FIRST_LAYOUT: Final = b"\0\0\0"
_ONE_BYTE: Final = tuple(bytes((value,)) for value in range(128))
_NO_COUNTERS: Final = b"\0"
_NO_SKETCH: Final = b"\0"
_SAME_AS: Final = 8
_REMEMBERED: Final = 4096
_PLACES: Final = {name: place for place, name in enumerate(WINDOW_COUNTERS)}


def varint(value: int) -> bytes:
    """Return an unsigned number as LEB128."""
    if value < 128:
        return _ONE_BYTE[value]
    if value < 16_384:
        return bytes((value & 127 | 128, value >> 7))
    parts = bytearray()
    while value >= 128:
        parts.append(value & 127 | 128)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def block_record(identifier: int, payload: bytes) -> bytes:
    """Return a payload as a record of its block; `identifier` is the minute of the hour, or the hour of the day."""
    return bytes((identifier,)) + varint(len(payload)) + payload


def window_counts(payload: bytes, scale: int) -> Counts:
    """Return the counts by code of a payload, its sketches at `scale`, or coarser ones as they are; O(buckets)."""
    [window] = decode_block(block_record(0, payload))
    counts = {_PLACES[name]: count for name, count in window.counters.items()}
    for base, quantity in zip(SKETCH_BASES, SKETCHED, strict=True):
        if quantity in window.sketches:
            held, buckets = window.sketches[quantity]
            if held > scale:
                buckets = rescaled(buckets, held, scale)
            counts.update((base + index, count) for index, count in buckets.items())
    return counts


def window_counters(payload: bytes) -> dict[str, int]:
    """Return a payload's counters by name."""
    [window] = decode_block(block_record(0, payload), quantities=())
    return window.counters


def without_sketches(payload: bytes) -> bytes:
    """Return a payload with its counters alone."""
    return payload[: _end_of_counters(payload)] + _NO_FIRST_LAYOUT


def without_counters(payload: bytes) -> bytes:
    """Return a payload with its sketches alone: a provider's hour has its counters in a hash."""
    return _NO_COUNTERS + payload[_end_of_counters(payload) :]


def _end_of_counters(payload: bytes) -> int:
    numbers = 1 + 2 * payload[0]  # their number, below 128, then place and value of each
    at = 0
    while numbers:
        numbers -= payload[at] < 128
        at += 1
    return at


class RecordWriter:
    """Write payloads; remembers how it wrote buckets, so a writer is kept."""

    def __init__(self) -> None:
        self._buckets = tuple(_BucketBytes(bits) for bits in range(7))

    def payload(self, codes: "array[int]", values: Sequence[int], scale: int) -> bytes:
        """Return a window's payload from its counts by code, in rising order; totals' fields are passed over.

        `scale` is that of the sketches.
        """
        zeros: dict[int, int] = {}
        at = 0
        while at < len(codes) and codes[at] < 0:
            zeros[sketch_of(codes[at])[0]] = values[at]
            at += 1
        begin = bisect_left(codes, FIRST_BUCKET, at)
        parts = [_counters(codes[at:begin], values[at:begin]), _NO_FIRST_LAYOUT]
        seen: dict[bytes, bytes] = {}
        for place, base in enumerate(SKETCH_BASES):
            end = bisect_left(codes, FIRST_BUCKET + (place + 1) * SKETCH_ROOM, begin)
            if end == begin and place not in zeros:
                parts.append(_NO_SKETCH)
                continue
            whole = self._sketch(codes[begin:end], values[begin:end], base, scale, zeros.get(place, 0))
            parts.append(seen.get(whole, whole))
            seen.setdefault(whole, bytes((_SAME_AS + place,)))
            begin = end
        while parts[-1] == _NO_SKETCH:
            parts.pop()
        return b"".join(parts)

    def _sketch(self, codes: "array[int]", counts: Sequence[int], base: int, scale: int, zeros: int) -> bytes:
        size = len(codes)
        first = codes[0] - base if size else 0
        span = codes[-1] - codes[0] + 1 if size else 0
        bits = 6
        while bits > 1 and size << 7 - bits <= span:
            bits -= 1
        zigzag = 2 * first if first >= 0 else -2 * first - 1
        head = b"".join((_ONE_BYTE[16 * bits + scale], varint(size), varint(zeros), varint(zigzag)))
        gaps = (1, *map(sub, codes[1:], codes))[:size]
        return head + b"".join(map(self._buckets[bits].__getitem__, zip(gaps, counts, strict=True)))


def _counters(places: Sequence[int], values: Sequence[int]) -> bytes:
    parts = [varint(len(places))]
    for place, value in zip(places, values, strict=True):
        parts += (_ONE_BYTE[place], varint(min(value, MAX_COUNT)))
    return b"".join(parts)


class _BucketBytes(dict[tuple[int, int], bytes]):
    """Give the bytes of a bucket by (gap to the one before, count): its gap over its count, each less one.

    Looked up, not computed: a tenth of the time for most.
    """

    __slots__ = ("_bits",)

    def __init__(self, bits: int) -> None:
        super().__init__()
        self._bits = bits

    def __missing__(self, bucket: tuple[int, int]) -> bytes:
        gap, count = bucket
        count_full, gap_full = (1 << self._bits) - 1, (256 >> self._bits) - 1
        above, below = min(gap - 1, gap_full), min(count - 1, count_full)
        written = bytes(((above << self._bits) + below,))
        if above == gap_full:  # what does not fit follows
            written += varint(gap - 1 - gap_full)
        if below == count_full:
            written += varint(count - 1 - count_full)
        if len(self) >= _REMEMBERED:
            self.clear()
        self[bucket] = written
        return written
