"""Classic histograms: exact cumulative counts for every published set of boundaries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenpulse_shared import histogram

PUBLISHED = [
    (histogram.LATENCY, histogram.MODEL_INFERENCE_DURATION),
    (histogram.LATENCY, histogram.PROVIDER_RESPONSE_TIME),
    (histogram.LATENCY, histogram.PROVIDER_RESPONSE_DURATION),
    (histogram.LATENCY, histogram.OTEL_DURATION),
    (histogram.LATENCY, histogram.VLLM_E2E),
    (histogram.TTFT, histogram.TIME_TO_FIRST_CHUNK),
    (histogram.TTFT, histogram.VLLM_TTFT),
    (histogram.TTFT, histogram.OTEL_TTFT),
    (histogram.ENDPOINT, histogram.BACKEND_TTFB),
    (histogram.HTTP, histogram.HTTP_DURATION),
    (histogram.SIZE, histogram.HTTP_SIZE),
    (histogram.COST, histogram.COST_USD),
]


@pytest.mark.parametrize(("fine", "published"), PUBLISHED)
def test_every_published_boundary_is_a_fine_one(
    fine: tuple[float, ...], published: tuple[float, ...]
) -> None:
    """Without that the counts could not be exact."""
    assert {float(bound) for bound in published} <= set(fine)
    assert list(fine) == sorted(set(fine))


@pytest.mark.parametrize(("fine", "published"), PUBLISHED)
@given(data=st.data())
def test_cumulative_counts_are_exact(
    fine: tuple[float, ...], published: tuple[float, ...], data: st.DataObject
) -> None:
    """Values on a boundary count at or below it, as `le` says."""
    value = st.one_of(st.sampled_from(fine), st.floats(min_value=0.0, max_value=fine[-1] * 2))
    values = data.draw(st.lists(value, max_size=50))
    labels, counts = histogram.bound_labels(fine), dict[str, int]()
    for each in values:
        label = labels[histogram.bucket_of(fine, each)]
        counts[label] = counts.get(label, 0) + 1

    rows = histogram.cumulative(counts, published)

    bounds = [*published, float("inf")]
    assert [count for _, count in rows] == [sum(each <= bound for each in values) for bound in bounds]
    assert [le for le, _ in rows] == [format(float(bound), "g") for bound in published] + ["+Inf"]


def test_nothing_counted_is_all_zero() -> None:
    """Every boundary is there all the same."""
    assert histogram.cumulative({}, (1, 2.5)) == [("1", 0), ("2.5", 0), ("+Inf", 0)]
