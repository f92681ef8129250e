"""A mergeable quantile sketch: base-2 exponential buckets, as in OpenTelemetry's exponential histogram.

Guarantee: at scale s a bucket spans a factor of 2^(2^-s), and a quantile is answered with the value that
halves the relative error, so |answer − exact| ≤ exact · (γ − 1)/(γ + 1) with γ = 2^(2^-s):
1.083 % at scale 5, 2.166 % at scale 4. Worked: 1.000 s at scale 5 has index −1, the bucket (0.97857, 1.0];
the answer is 2·0.97857·1/1.97857 = 0.98917 s, 1.08 % below.

Invariants: bucket i holds γ^i < v ≤ γ^(i+1); merging adds counts; lowering the scale by one maps i to
i >> 1 (exact: neighbouring buckets merge). Values at or below `SMALLEST_SECONDS` count in bucket `ZERO`.

Bounds: values are clamped to [`SMALLEST_SECONDS`, `LARGEST_SECONDS`]: at most 1,344 buckets at scale 5.
"""

from collections.abc import Mapping
from math import ceil, exp2, log2
from typing import Final

FINE_SCALE: Final = 5
"""Minute windows: relative error ≤ 1.1 %."""
COARSE_SCALE: Final = 4
"""Hour windows: relative error ≤ 2.2 %."""
SMALLEST_SECONDS: Final = 1e-6
LARGEST_SECONDS: Final = 4e6
ZERO: Final = -32768
"""Index of values too small to tell from zero; below every index a real value can have."""

_FINE_FACTOR: Final = float(1 << FINE_SCALE)

Buckets = dict[int, int]
"""Index → count, at a scale that the holder knows."""


def bucket_index(seconds: float) -> int:
    """Return the index at `FINE_SCALE` of the bucket that holds the value."""
    if seconds <= SMALLEST_SECONDS:
        return ZERO
    if seconds > LARGEST_SECONDS:
        seconds = LARGEST_SECONDS
    return ceil(log2(seconds) * _FINE_FACTOR) - 1


def rescaled(buckets: Mapping[int, int], scale: int, target: int) -> Buckets:
    """Return the buckets at the coarser scale `target`; O(buckets). Counts are kept exactly."""
    shift = scale - target
    if shift < 0:
        raise ValueError(f"cannot raise a sketch from scale {scale} to {target}")
    merged: Buckets = {}
    for index, count in buckets.items():
        coarse = index if index == ZERO else index >> shift
        merged[coarse] = merged.get(coarse, 0) + count
    return merged


def bucket_value(index: int, scale: int) -> float:
    """Return the value that stands for a bucket, in seconds."""
    if index == ZERO:
        return 0.0
    width = 2.0**-scale
    lower, upper = exp2(index * width), exp2((index + 1) * width)
    return 2.0 * lower * upper / (lower + upper)


class Sketch:
    """Merge windows of one quantity and answer quantiles; not thread-safe.

    Windows of different scales merge at the coarsest of them.
    """

    __slots__ = ("buckets", "count", "scale")

    def __init__(self, buckets: Mapping[int, int] | None = None, scale: int = FINE_SCALE) -> None:
        self.buckets: Buckets = dict(buckets) if buckets else {}
        self.scale = scale
        self.count = sum(self.buckets.values())

    def merge(self, buckets: Mapping[int, int], scale: int) -> None:
        """Add the counts of another sketch; O(buckets)."""
        if not buckets:
            return
        if scale < self.scale:
            self.buckets = rescaled(self.buckets, self.scale, scale)
            self.scale = scale
        mine, shift = self.buckets, scale - self.scale
        added = 0
        for index, count in buckets.items():
            coarse = index if index == ZERO else index >> shift
            mine[coarse] = mine.get(coarse, 0) + count
            added += count
        self.count += added

    def quantiles(self, percentiles: tuple[float, ...]) -> list[float | None]:
        """Return the nearest-rank value in seconds for each percentile in (0, 100]; None when empty.

        Nearest rank: the smallest value with at least p % of all values at or below it. O(buckets log buckets).
        """
        if not self.count:
            return [None] * len(percentiles)
        ordered = sorted(self.buckets)
        answers: dict[float, float] = {}
        position, seen = 0, self.buckets[ordered[0]]
        for percentile in sorted(set(percentiles)):
            rank = max(1, ceil(percentile * self.count / 100 - 1e-9))
            while seen < rank:
                position += 1
                seen += self.buckets[ordered[position]]
            answers[percentile] = bucket_value(ordered[position], self.scale)
        return [answers[percentile] for percentile in percentiles]

    def extremes(self) -> tuple[float, float] | None:
        """Return (smallest, largest) in seconds, each within the sketch's error; None when empty."""
        if not self.buckets:
            return None
        return bucket_value(min(self.buckets), self.scale), bucket_value(max(self.buckets), self.scale)
