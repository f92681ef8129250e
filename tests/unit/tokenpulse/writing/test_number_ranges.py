"""Tests of ranges of numbers."""

from hypothesis import given
from hypothesis import strategies as st

from tokenpulse.writing.number_ranges import MOST_RANGES, NumberRanges


def test_each_number_is_new_once() -> None:
    """What lies between ranges is given as ranges, ascending; nothing is given again."""
    ranges = NumberRanges()

    assert ranges.add(5, 8) == [(5, 8)]
    assert ranges.add(12, 12) == [(12, 12)]
    assert ranges.add(1, 20) == [(1, 4), (9, 11), (13, 20)]
    assert ranges.add(1, 20) == []
    assert ranges.add(3, 2) == []


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 12)), max_size=40))
def test_they_hold_what_a_set_holds(added: list[tuple[int, int]]) -> None:
    """Whatever is added in whatever order."""
    ranges, held = NumberRanges(), set[int]()
    for first, length in added:
        last = first + length - 1
        new = {number for low, high in ranges.add(first, last) for number in range(low, high + 1)}

        assert new == set(range(first, last + 1)) - held
        held |= new


def test_ranges_are_bounded() -> None:
    """Past the bound the lowest become one: what lay between them is no more given, all that is above is."""
    ranges = NumberRanges()
    for number in range(MOST_RANGES + 2):
        ranges.add(10 * number, 10 * number)

    assert ranges.add(0, 29) == [(21, 29)]
    assert ranges.add(1000, 1009) == [(1000, 1009)]
