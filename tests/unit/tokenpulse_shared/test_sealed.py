"""Packed windows: what the script's layout says, and what is broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenpulse_shared.counters import SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.errors import SealedRecordError
from tokenpulse_shared.sealed import SealedWindow, decode_block
from tokenpulse_shared.sketch import ZERO, Buckets

COUNTS = st.integers(1, 2**53 - 1)
SKETCH = st.dictionaries(st.integers(-640, 704), COUNTS, max_size=8)
WINDOWS = st.builds(
    SealedWindow,
    st.integers(0, 59),
    st.dictionaries(st.sampled_from(WINDOW_COUNTERS), COUNTS),
    st.dictionaries(st.sampled_from(SKETCHED), st.tuples(st.integers(0, 5), SKETCH)),
)


def varint(value: int) -> bytes:
    parts = bytearray()
    while value >= 128:
        parts.append(value % 128 + 128)
        value //= 128
    return bytes([*parts, value])


def packed_sketch(scale: int, buckets: Buckets) -> bytes:
    indexes = sorted(index for index in buckets if index != ZERO)
    last = indexes[0] if indexes else 0
    body = varint(scale + 1) + varint(len(indexes)) + varint(buckets.get(ZERO, 0))
    body += varint(2 * last if last >= 0 else -2 * last - 1)
    for index in indexes:
        body += varint(index - last) + varint(buckets[index])
        last = index
    return body


def packed(window: SealedWindow) -> bytes:
    payload = varint(len(window.counters))
    for name, value in window.counters.items():
        payload += varint(WINDOW_COUNTERS.index(name)) + varint(value)
    for quantity in SKETCHED:
        held = window.sketches.get(quantity)
        payload += varint(0) if held is None else packed_sketch(*held)
    return bytes([window.id]) + varint(len(payload)) + payload


@given(st.lists(WINDOWS, max_size=6))
def test_records_come_back_as_they_were_packed(windows: list[SealedWindow]) -> None:
    """In the order they were appended, repeated ids too."""
    block = b"".join(map(packed, windows))

    assert list(decode_block(block)) == windows
    wanted = frozenset((0, 7, 30))
    assert list(decode_block(block, wanted)) == [window for window in windows if window.id in wanted]


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


def test_zero_has_a_place_of_its_own() -> None:
    """Values too small to tell from zero come back in their bucket."""
    window = SealedWindow(5, {}, {"ttft": (4, {ZERO: 3, -2: 1})})
    assert list(decode_block(packed(window))) == [window]


def test_counters_of_a_newer_version_are_skipped() -> None:
    """An older reader serves what it knows."""
    payload = (
        varint(2) + varint(len(WINDOW_COUNTERS)) + varint(9) + varint(0) + varint(7) + bytes(len(SKETCHED))
    )
    assert list(decode_block(bytes([1, len(payload)]) + payload)) == [
        SealedWindow(1, {"total_requests": 7}, {})
    ]


def test_an_empty_block_has_no_windows() -> None:
    assert list(decode_block(b"")) == []


def test_a_record_that_runs_over_its_end_is_refused() -> None:
    """A length that lies does not read the next record's bytes."""
    with pytest.raises(SealedRecordError):
        list(decode_block(bytes([1, 1, 200, 1, 1, 0])))
