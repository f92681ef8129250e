"""Remember numbers of a sequence as ranges.

Bounds: `MOST_RANGES`; past that the two lowest become one, with what lies between them.
"""

from typing import Final

MOST_RANGES: Final = 64
"""Each but the first is a part of what Redis lost while what came before it was there: a writer sees few."""

Range = tuple[int, int]
"""The first number with the last."""


class NumberRanges:
    """Hold numbers, from none at all."""

    def __init__(self) -> None:
        self._ranges: list[Range] = []
        """Ascending, with numbers between them that are not held."""

    def add(self, first: int, last: int) -> list[Range]:
        """Hold the numbers from `first` to `last`; return those that were not held, ascending. O(ranges)."""
        new: list[Range] = []
        for held_first, held_last in self._ranges:
            if held_first > last:
                break
            if first < held_first:
                new.append((first, held_first - 1))
            first = max(first, held_last + 1)
        if first <= last:
            new.append((first, last))
        if new:
            self._ranges = _joined(sorted(self._ranges + new))
        return new


def _joined(ranges: list[Range]) -> list[Range]:
    joined: list[Range] = []
    for first, last in ranges:
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], last
        else:
            joined.append((first, last))
    excess = len(joined) - MOST_RANGES
    if excess > 0:
        joined[: excess + 1] = [(joined[0][0], joined[excess][1])]
    return joined
