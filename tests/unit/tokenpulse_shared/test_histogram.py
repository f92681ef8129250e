"""Classic histograms: every published set of boundaries can be summed from the fine ones."""

import pytest

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
    (histogram.TPOT, histogram.VLLM_TPOT),
    (histogram.TPOT, histogram.OTEL_TPOT),
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
