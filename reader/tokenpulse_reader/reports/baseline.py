"""Say what is usual for a quantity, from hours of which some may be part of an incident, pure.

Strategy: the hours within a factor of two of the median are the usual ones, their mean is the baseline. So an
incident does not raise its own baseline however many hours it lasts, as long as half of all hours or more are
without it. Worked: 1, 1, 1, 1, 1, 9, 9, 9 has the median 1; the nines are left out; the baseline is 1.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import Final

MINIMUM_HOURS: Final = 4
"""Fewer usual hours say nothing (contract)."""
_USUAL_FACTOR: Final = 2.0
"""The factor from which on the contract calls an hour a spike: such an hour is no baseline for others."""


class Baseline:
    """Hold the values of hours, one for each, none negative; O(n log n) once, then O(log n) for each question."""

    def __init__(self, values: Iterable[float]) -> None:
        self._ordered = sorted(values)
        self._sums = list(accumulate(self._ordered, initial=0.0))

    def without(self, value: float | None = None) -> float | None:
        """Return the mean of the usual hours; `value`: of an hour held here, which is left out.

        None when fewer than `MINIMUM_HOURS` are usual. The median is the lower one of two.
        """
        ordered = self._ordered
        left_out = len(ordered) if value is None else bisect_left(ordered, value)
        count = len(ordered) - (value is not None)
        if count < MINIMUM_HOURS:
            return None
        middle = (count - 1) // 2
        center = ordered[middle + (middle >= left_out)]
        first = bisect_left(ordered, center / _USUAL_FACTOR)
        last = bisect_right(ordered, center * _USUAL_FACTOR)
        usual, total = last - first, self._sums[last] - self._sums[first]
        if value is not None and first <= left_out < last:
            usual, total = usual - 1, total - value
        return total / usual if usual >= MINIMUM_HOURS else None
