"""Packed windows: what the two layouts say, and what is broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenpulse_shared.counters import SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.errors import SealedRecordError
from tokenpulse_shared.sketch import ZERO, Buckets
from tokenpulse_shared.windows.sealed import SealedWindow, decode_block

FIRST_SKETCHED = ("latency", "ttft", "tpot")
"""What records of the first layout hold."""
FIRST_COUNTERS = WINDOW_COUNTERS[: WINDOW_COUNTERS.index("ttfb_us")]
COUNTS = st.one_of(st.integers(1, 200), st.integers(1, 2**53 - 1))
SKETCH = st.dictionaries(st.integers(-640, 704) | st.just(ZERO), COUNTS, max_size=8)
BITS = st.integers(1, 7)


def windows_of(counters: tuple[str, ...], quantities: tuple[str, ...]) -> st.SearchStrategy[SealedWindow]:
    return st.builds(
        SealedWindow,
        st.integers(0, 59),
        st.dictionaries(st.sampled_from(counters), COUNTS),
        st.dictionaries(st.sampled_from(quantities), st.tuples(st.integers(0, 5), SKETCH)),
    )


WINDOWS = windows_of(WINDOW_COUNTERS, SKETCHED)


def varint(value: int) -> bytes:
    parts = bytearray()
    while value >= 128:
        parts.append(value % 128 + 128)
        value //= 128
    return bytes([*parts, value])


def _head(buckets: Buckets) -> tuple[list[int], bytes]:
    indexes = sorted(index for index in buckets if index != ZERO)
    first = indexes[0] if indexes else 0
    zigzag = 2 * first if first >= 0 else -2 * first - 1
    return indexes, varint(len(indexes)) + varint(buckets.get(ZERO, 0)) + varint(zigzag)


def first_layout_sketch(scale: int, buckets: Buckets) -> bytes:
    indexes, head = _head(buckets)
    body = varint(scale + 1) + head
    for before, index in zip([*indexes[:1], *indexes], indexes, strict=False):
        body += varint(index - before) + varint(buckets[index])
    return body


def packed_sketch(scale: int, buckets: Buckets, bits: int) -> bytes:
    """Return the sketch with `bits` for the count in a bucket's byte."""
    indexes, head = _head(buckets)
    body = bytes([16 * bits + scale]) + head
    last = indexes[0] - 1 if indexes else 0
    for index in indexes:
        gap, count = index - last - 1, buckets[index] - 1
        fields, tail = [], b""
        for value, full in ((gap, 2 ** (8 - bits) - 1), (count, 2**bits - 1)):
            fields.append(min(value, full))
            tail += varint(value - full) if value >= full else b""
        body += bytes([fields[0] * 2**bits + fields[1]]) + tail
        last = index
    return body


def _record(window: SealedWindow, sketches: bytes) -> bytes:
    payload = varint(len(window.counters))
    for name, value in window.counters.items():
        payload += varint(WINDOW_COUNTERS.index(name)) + varint(value)
    payload += sketches
    return bytes([window.id]) + varint(len(payload)) + payload


def packed(window: SealedWindow, bits: int = 4) -> bytes:
    """Return the record as it is packed now: what is none at the end is left out."""
    held = [window.sketches.get(quantity) for quantity in SKETCHED]
    parts = [b"\0" if sketch is None else packed_sketch(*sketch, bits) for sketch in held]
    while parts and parts[-1] == b"\0":
        parts.pop()
    return _record(window, bytes(3) + b"".join(parts))


def packed_first(window: SealedWindow) -> bytes:
    """Return the record as the first version packed it."""
    held = [window.sketches.get(quantity) for quantity in FIRST_SKETCHED]
    return _record(
        window, b"".join(varint(0) if sketch is None else first_layout_sketch(*sketch) for sketch in held)
    )


@given(st.lists(st.tuples(WINDOWS, BITS), max_size=6))
def test_records_come_back_as_they_were_packed(given_windows: list[tuple[SealedWindow, int]]) -> None:
    """In the order they were appended, repeated ids too, however many bits of a byte are the count's."""
    windows = [window for window, _ in given_windows]
    block = b"".join(packed(window, bits) for window, bits in given_windows)

    assert list(decode_block(block)) == windows
    wanted = frozenset((0, 7, 30))
    assert list(decode_block(block, wanted)) == [window for window in windows if window.id in wanted]


@given(st.lists(windows_of(FIRST_COUNTERS, FIRST_SKETCHED), max_size=3), st.lists(WINDOWS, max_size=3))
def test_records_of_the_first_layout_are_read_beside_new_ones(
    old: list[SealedWindow], new: list[SealedWindow]
) -> None:
    """A block that an older writer began and a newer one went on with holds both."""
    block = b"".join([*map(packed_first, old), *map(packed, new)])

    assert list(decode_block(block)) == [*old, *new]


def test_a_record_of_the_first_layout_byte_by_byte() -> None:
    """Two counters, a latency with a bucket of zeros and two more, no time to first token, one time per token."""
    payload = (
        b"\x02"  # two counters
        b"\x00\x05"  # total_requests 5
        b"\x08\xac\x02"  # latency_us 300
        b"\x06\x02\x01\x03\x00\x03\x82\x01\x01"  # scale 5: -2 × 3, -2 + 130 × 1, one zero
        b"\x00"
        b"\x05\x01\x00\x08\x00\x07"  # scale 4: 4 × 7
    )
    block = b"\x2a" + bytes([len(payload)]) + payload

    assert list(decode_block(block)) == [
        SealedWindow(
            42,
            {"total_requests": 5, "latency_us": 300},
            {"latency": (5, {ZERO: 1, -2: 3, 128: 1}), "tpot": (4, {4: 7})},
        )
    ]


def test_a_record_of_now_byte_by_byte() -> None:
    """Bits 6, as in the head of the module: gap 1 with count 10, gap 2 with count 70; the ttft is the latency's."""
    payload = b"\x00\x00\x00\x00" + b"\x65\x03\x00\x00\x09\x00\x7f\x06" + b"\x08"
    block = b"\x00" + bytes([len(payload)]) + payload

    sketch = (5, {0: 10, 1: 1, 3: 70})
    assert list(decode_block(block)) == [SealedWindow(0, {}, {"latency": sketch, "ttft": sketch})]


@given(WINDOWS, st.sets(st.sampled_from(SKETCHED)))
def test_only_the_sketches_asked_for_come(window: SealedWindow, quantities: set[str]) -> None:
    """Counters always do."""
    sketches = {name: held for name, held in window.sketches.items() if name in quantities}

    for record in (packed(window), packed_first(window)):
        [decoded] = decode_block(record, None, quantities)
        assert decoded.counters == window.counters
        assert decoded.sketches == {
            name: held
            for name, held in sketches.items()
            if record == packed(window) or name in FIRST_SKETCHED
        }


def test_what_is_not_asked_for_is_not_read() -> None:
    """A broken sketch behind the last one asked for does no harm."""
    window = SealedWindow(1, {"total_requests": 7}, {"ttft": (5, {3: 1}), "itl": (5, {9: 4})})
    record = packed(window)[:-1]
    broken = bytes([record[0], record[1] - 1]) + record[2:]

    assert list(decode_block(broken, None, ("latency", "ttft"))) == [
        SealedWindow(1, {"total_requests": 7}, {"ttft": (5, {3: 1})})
    ]
    with pytest.raises(SealedRecordError):
        list(decode_block(broken))


@given(st.lists(WINDOWS, min_size=1, max_size=3), st.data())
def test_a_block_cut_short_keeps_whole_records(windows: list[SealedWindow], data: st.DataObject) -> None:
    """The records before the cut are given, then the error; nothing is made up."""
    parts = [packed(window) for window in windows]
    block = b"".join(parts)
    cut = data.draw(st.integers(0, len(block) - 1))
    whole = 0
    while len(b"".join(parts[: whole + 1])) <= cut:
        whole += 1
    records = decode_block(block[:cut])

    assert [next(records) for _ in range(whole)] == windows[:whole]
    if len(b"".join(parts[:whole])) < cut:
        with pytest.raises(SealedRecordError, match=f"past byte {cut}"):
            next(records)
    else:
        assert list(records) == []


def test_counters_of_a_newer_version_are_skipped() -> None:
    """An older reader serves what it knows."""
    payload = varint(2) + varint(len(WINDOW_COUNTERS)) + varint(9) + varint(0) + varint(7) + bytes(3)
    assert list(decode_block(bytes([1, len(payload)]) + payload)) == [
        SealedWindow(1, {"total_requests": 7}, {})
    ]


def test_sketches_of_a_newer_version_are_passed_over() -> None:
    """A record with more quantities than this version knows gives those it knows; the next record too."""
    window = SealedWindow(1, {"total_requests": 7}, {"send_wait": (5, {-200: 3})})
    record = packed(window)
    more = packed_sketch(5, {1: 1, 900: 2**40}, 3) + b"\x0f\x00\x05"
    newer = bytes([record[0], record[1] + len(more)]) + record[2:] + more

    assert list(decode_block(newer + record)) == [window, window]


@pytest.mark.parametrize("kind", [1, 7, 9, 10, 15])
def test_a_sketch_that_equals_none_is_refused(kind: int) -> None:
    """No quantity at that place, or one that has no sketch, or a kind of no meaning: not taken for unknown."""
    payload = bytes(4) + packed_sketch(5, {1: 1}, 4) + bytes([kind])
    with pytest.raises(SealedRecordError, match=f"at place {kind - 8}, which is not there"):
        list(decode_block(bytes([1, len(payload)]) + payload))


def test_an_empty_block_has_no_windows() -> None:
    assert list(decode_block(b"")) == []


def test_a_record_that_runs_over_its_end_is_refused() -> None:
    """A length that lies does not read the next record's bytes."""
    with pytest.raises(SealedRecordError):
        list(decode_block(bytes([1, 1, 200, 1, 1, 0])))
