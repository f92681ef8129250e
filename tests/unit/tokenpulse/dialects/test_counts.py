"""Counts are whole numbers that can be added up."""

from tokenpulse.dialects.counts import read_counts, sum_of_counts
from tokenpulse_shared.counters import MAX_COUNT


def test_counts() -> None:
    """What cannot be a count is None, and said to have been there."""
    assert read_counts([3, None, 0]) == ([3, None, 0], False)
    assert read_counts([MAX_COUNT, MAX_COUNT + 1, -1]) == ([MAX_COUNT, None, None], True)
    assert read_counts([True]) == ([None], True)
    assert read_counts([1.0]) == ([None], True)
    assert read_counts(["3"]) == ([None], True)
    assert read_counts([]) == ([], False)


def test_sums() -> None:
    """Unknown parts are left out; with none known, or past what can be counted, the sum is unknown."""
    assert sum_of_counts(3, None, 4) == 7
    assert sum_of_counts(0, None) == 0
    assert sum_of_counts(None, None) is None
    assert sum_of_counts(MAX_COUNT, 1) is None
