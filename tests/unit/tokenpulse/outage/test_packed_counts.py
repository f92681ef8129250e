"""Tests of counts as bytes."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenpulse.outage.packed_counts import pack, unpack, unpack_sorted

COUNTS = st.dictionaries(
    st.integers(-32_768, 32_767),
    st.integers(0, 2**63 - 1) | st.integers(0, 300) | st.sampled_from((254, 255, 256)),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(COUNTS)
@example({3: 255, 2: 255, 1: 254, 9: 2**63 - 1})
def test_unpacking_gives_what_was_packed(counts: dict[int, int]) -> None:
    """Any codes, any counts, small or large."""
    packed = pack(counts)
    codes, values = unpack_sorted(packed)

    assert unpack(packed) == counts
    assert list(codes) == sorted(counts)
    assert values == [counts[code] for code in codes]


def test_most_counts_take_three_bytes() -> None:
    """A code and a byte each, after two bytes for how many there are; 255 and more take eight bytes besides."""
    sizes = [len(pack(counts)) for counts in ({}, {1: 254}, {1: 255}, dict.fromkeys(range(100), 7))]

    assert sizes == [2, 5, 13, 302]


def test_nothing_unpacks_to_nothing() -> None:
    """Whether it was packed or never began."""
    assert unpack(pack({})) == unpack(b"") == {}


def test_a_count_past_all_bounds_is_the_largest() -> None:
    """Nothing raises in the thread that packs."""
    assert unpack(pack({1: 2**80})) == {1: 2**63 - 1}
