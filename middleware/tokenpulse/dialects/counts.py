"""Take the counts out of a usage object, whatever it holds."""

from collections.abc import Iterable
from typing import cast

from tokenpulse.dialects.numbers import is_count


def read_counts(values: Iterable[object]) -> tuple[list[int | None], bool]:
    """Return the values that are counts, None for any other, and whether one was there that cannot be a count.

    `[3, None, -1]` → `([3, None, None], True)`.
    """
    counts: list[int | None] = []
    has_rejected = False
    for value in values:
        if value is None or is_count(value):
            counts.append(cast("int | None", value))
        else:
            counts.append(None)
            has_rejected = True
    return counts, has_rejected


def sum_of_counts(*counts: int | None) -> int | None:
    """Return the sum of those that are known; None if none is, or if it can be no count itself."""
    total: int | None = None
    for count in counts:
        if count is not None:
            total = count if total is None else total + count
    return total if is_count(total) else None
