"""Properties of the packed windows that writers make themselves."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenpulse.outage.count_codes import SKETCH_BASES, Counts
from tokenpulse.outage.packed_counts import pack, unpack_sorted
from tokenpulse.outage.window_record import (
    RecordWriter,
    block_record,
    varint,
    window_counters,
    window_counts,
    without_counters,
    without_sketches,
)
from tokenpulse_shared.counters import MAX_COUNT, SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.sketch import COARSE_SCALE, FINE_SCALE, ZERO, rescaled
from tokenpulse_shared.windows.sealed import decode_block

_INDEXES = st.integers(-640, 704) | st.just(ZERO)
_COUNTS = st.integers(1, 300) | st.integers(1, MAX_COUNT)
_COUNTERS = st.dictionaries(st.integers(0, len(WINDOW_COUNTERS) - 1), _COUNTS)
_SKETCHES = st.fixed_dictionaries(
    {},
    optional={quantity: st.dictionaries(_INDEXES, _COUNTS, min_size=1, max_size=30) for quantity in SKETCHED},
)
_SAME = {"latency": {1: 1, 700: 5}, "ttft": {1: 1, 700: 5}, "send_wait": {ZERO: 3}}
_WRITER = RecordWriter()


def _counts(counters: dict[int, int], sketches: dict[str, dict[int, int]]) -> Counts:
    counts = dict(counters)
    for base, quantity in zip(SKETCH_BASES, SKETCHED, strict=True):
        counts |= {base + index: count for index, count in sketches.get(quantity, {}).items()}
    return counts


def _payload(counts: Counts, scale: int) -> bytes:
    return _WRITER.payload(*unpack_sorted(pack(counts)), scale)


@settings(max_examples=200, deadline=None)
@given(_COUNTERS, _SKETCHES, st.sampled_from((FINE_SCALE, COARSE_SCALE)), st.integers(0, 59))
@example({}, _SAME, FINE_SCALE, 59)
@example({0: MAX_COUNT}, {}, COARSE_SCALE, 0)
def test_readers_find_what_was_written(
    counters: dict[int, int], sketches: dict[str, dict[int, int]], scale: int, identifier: int
) -> None:
    """A record decodes to its counters and sketches, whatever they are, sketches of the same shape included."""
    payload = _payload(_counts(counters, sketches), scale)
    [window] = decode_block(block_record(identifier, payload))

    assert window.id == identifier
    assert window.counters == {WINDOW_COUNTERS[place]: count for place, count in counters.items()}
    assert window.sketches == {quantity: (scale, buckets) for quantity, buckets in sketches.items()}
    assert window_counts(payload, scale) == _counts(counters, sketches)
    assert window_counters(payload) == window.counters


@settings(max_examples=100, deadline=None)
@given(_COUNTERS, _SKETCHES)
def test_a_record_can_be_taken_apart(counters: dict[int, int], sketches: dict[str, dict[int, int]]) -> None:
    """Counters alone, sketches alone, sketches at the coarser scale: each as it was."""
    payload = _payload(_counts(counters, sketches), FINE_SCALE)
    coarse = {quantity: rescaled(buckets, FINE_SCALE, COARSE_SCALE) for quantity, buckets in sketches.items()}

    assert window_counts(without_sketches(payload), FINE_SCALE) == _counts(counters, {})
    assert window_counts(without_counters(payload), FINE_SCALE) == _counts({}, sketches)
    assert window_counts(payload, COARSE_SCALE) == _counts(counters, coarse)


def test_fields_of_totals_are_passed_over() -> None:
    """A window has none of them."""
    last = SKETCH_BASES[-1] + 5

    assert _payload({0: 1, last: 2, 30_000: 9}, FINE_SCALE) == _payload({0: 1, last: 2}, FINE_SCALE)


def test_more_shapes_than_are_remembered() -> None:
    """What a writer remembers is bounded, and what it writes does not depend on it."""
    for count in range(70_000, 80_000):
        payload = _payload({SKETCH_BASES[0]: count}, FINE_SCALE)
        assert payload == RecordWriter().payload(*unpack_sorted(pack({SKETCH_BASES[0]: count})), FINE_SCALE)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**64))
@example(127)
@example(128)
@example(16_383)
@example(16_384)
def test_numbers_are_seven_bits_a_byte(value: int) -> None:
    """The lowest seven first, all but the last byte marked."""
    data = varint(value)

    assert sum((byte & 127) << 7 * at for at, byte in enumerate(data)) == value
    assert [byte >> 7 for byte in data] == [1] * (len(data) - 1) + [0]
