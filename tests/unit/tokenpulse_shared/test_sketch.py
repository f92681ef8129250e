"""The sketch: its error bound, its merging, its ends."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.calls import nearest_rank
from tokenpulse_shared.sketch import (
    COARSE_SCALE,
    FINE_SCALE,
    LARGEST_SECONDS,
    SMALLEST_SECONDS,
    ZERO,
    Buckets,
    Sketch,
    bucket_index,
    bucket_value,
    rescaled,
)

ERROR_AT = {5: 0.01084, 4: 0.02167, 3: 0.0433, 2: 0.0865}
SECONDS = st.floats(min_value=1.1e-6, max_value=3e6)
BUCKETS = st.dictionaries(
    st.one_of(st.just(ZERO), st.integers(min_value=-640, max_value=704)), st.integers(1, 2**40), max_size=40
)
PERCENTILES = (0.01, 1.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 100.0)


def counted(values: list[float]) -> Buckets:
    buckets: Buckets = {}
    for value in values:
        index = bucket_index(value)
        buckets[index] = buckets.get(index, 0) + 1
    return buckets


@pytest.mark.parametrize("scale", sorted(ERROR_AT))
@given(values=st.lists(SECONDS, min_size=1, max_size=60))
def test_quantiles_are_within_the_bound_of_the_nearest_rank(scale: int, values: list[float]) -> None:
    """At every scale, for every percentile."""
    sketch = Sketch(rescaled(counted(values), FINE_SCALE, scale), scale)

    for percentile, answer in zip(PERCENTILES, sketch.quantiles(PERCENTILES), strict=True):
        exact = nearest_rank(values, percentile)
        assert answer is not None
        assert abs(answer - exact) <= ERROR_AT[scale] * exact * (1 + 1e-9)


def test_the_worked_number() -> None:
    """1.000 s is answered as 0.98917 s."""
    assert bucket_index(1.0) == -1
    assert bucket_value(-1, FINE_SCALE) == pytest.approx(0.98917, abs=5e-6)


@given(SECONDS)
def test_a_bucket_holds_its_value(value: float) -> None:
    """γ^i < v ≤ γ^(i+1), to the precision of floats."""
    index = bucket_index(value)
    assert 2 ** (index / 32) * (1 - 1e-12) <= value <= 2 ** ((index + 1) / 32) * (1 + 1e-12)


@pytest.mark.parametrize("value", [0.0, -1.0, SMALLEST_SECONDS, 1e-300])
def test_what_is_too_small_counts_as_zero(value: float) -> None:
    """It is answered as 0."""
    assert bucket_index(value) == ZERO
    assert Sketch({ZERO: 3}).quantiles((50.0,)) == [0.0]


@pytest.mark.parametrize("value", [LARGEST_SECONDS * 2, 1e300, math.inf])
def test_what_is_too_large_is_clamped(value: float) -> None:
    """The last bucket takes it."""
    assert bucket_index(value) == bucket_index(LARGEST_SECONDS)


def _merged(*parts: tuple[Buckets, int]) -> Sketch:
    sketch = Sketch()
    for buckets, scale in parts:
        sketch.merge(buckets, scale)
    return sketch


@given(st.lists(st.tuples(BUCKETS, st.sampled_from([5, 4, 3])), min_size=1, max_size=5), st.randoms())
def test_merging_commutes_and_associates(parts: list[tuple[Buckets, int]], source: random.Random) -> None:
    """Any order, any grouping, any mix of scales: the same buckets; no count is lost."""
    parts = [part for part in parts if part[0]]
    shuffled = source.sample(parts, len(parts))
    half = len(parts) // 2
    left, right = _merged(*parts[:half]), _merged(*parts[half:])
    left.merge(right.buckets, right.scale)

    one, other = _merged(*parts), _merged(*shuffled)
    assert one.buckets == other.buckets == left.buckets
    assert one.scale == other.scale == left.scale
    assert one.count == sum(one.buckets.values()) == sum(sum(buckets.values()) for buckets, _ in parts)


@given(BUCKETS, st.integers(0, 5), st.integers(0, 5))
def test_rescaling_in_steps_is_rescaling_at_once(buckets: Buckets, first: int, second: int) -> None:
    """Neighbours merge exactly, zero stays zero."""
    middle, low = max(first, second), min(first, second)
    stepwise = rescaled(rescaled(buckets, FINE_SCALE, middle), middle, low)

    assert stepwise == rescaled(buckets, FINE_SCALE, low)
    assert stepwise.get(ZERO, 0) == buckets.get(ZERO, 0)


def test_a_scale_cannot_be_raised() -> None:
    """What was merged cannot be told apart again."""
    with pytest.raises(ValueError, match="from scale 4 to 5"):
        rescaled({1: 1}, COARSE_SCALE, FINE_SCALE)


def test_nothing_measured_is_none() -> None:
    """Never 0."""
    assert Sketch().quantiles((50.0, 99.0)) == [None, None]
    assert Sketch().extremes() is None
    sketch = Sketch({3: 2})
    sketch.merge({}, 2)
    assert (sketch.scale, sketch.count) == (FINE_SCALE, 2)
    assert sketch.extremes() == (bucket_value(3, 5), bucket_value(3, 5))


def test_percentiles_come_back_in_the_order_asked() -> None:
    """Repeated or unsorted ones too."""
    sketch = Sketch({bucket_index(1.0): 1, bucket_index(10.0): 1})
    high, low = bucket_value(bucket_index(10.0), 5), bucket_value(bucket_index(1.0), 5)

    assert sketch.quantiles((99.0, 1.0, 99.0, 50.0, 50.1)) == [high, low, high, low, high]
