"""Exact classic histograms: one fine set of boundaries per quantity, from which every exposed one is summed.

Each exposed histogram's boundaries are a subset of its quantity's, so its cumulative counts are exact.
Counts are stored under the upper bound's text (`2.5`, `+Inf`): adding a boundary later moves no old count.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

# CONTRACT section 3, names of the metrics that need the boundaries.
MODEL_INFERENCE_DURATION: Final = (0.1, 0.5, 1, 2.5, 5, 10, 25, 60, 120)
PROVIDER_RESPONSE_TIME: Final = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60)
PROVIDER_RESPONSE_DURATION: Final = (0.1, 0.5, 1, 2.5, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 90, 120)
TIME_TO_FIRST_CHUNK: Final = (0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 8, 10, 15, 30, 60)
BACKEND_TTFB: Final = (0.1, 0.5, 1, 1.5, 2, 2.5, 3, 5, 10, 30, 60)
HTTP_DURATION: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
HTTP_SIZE: Final = (100, 1_000, 10_000, 100_000, 1_000_000)
COST_USD: Final = (1e-5, 1e-4, 1e-3, 5e-3, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 50, 100)

# Profiles `otel` and `vllm`: their boundaries are counted from the start, so that a profile has a past.
OTEL_DURATION: Final = (
    0.01,
    0.02,
    0.04,
    0.08,
    0.16,
    0.32,
    0.64,
    1.28,
    2.56,
    5.12,
    10.24,
    20.48,
    40.96,
    81.92,
)
OTEL_TTFT: Final = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
VLLM_TTFT: Final = (*OTEL_TTFT, 20, 40, 80, 160, 640, 2560)
OTEL_TPOT: Final = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5)
VLLM_TPOT: Final = (*OTEL_TPOT, 5, 7.5, 10, 20, 40, 80)
OTEL_TOKENS: Final = tuple(4**power for power in range(14))
VLLM_E2E: Final = (
    *(0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680),
)


def _union(*bounds: Iterable[float]) -> tuple[float, ...]:
    return tuple(sorted({float(bound) for group in bounds for bound in group}))


LATENCY: Final = _union(
    MODEL_INFERENCE_DURATION, PROVIDER_RESPONSE_TIME, PROVIDER_RESPONSE_DURATION, OTEL_DURATION, VLLM_E2E
)
TTFT: Final = _union(TIME_TO_FIRST_CHUNK, VLLM_TTFT)
TPOT: Final = _union(VLLM_TPOT)
ENDPOINT: Final = _union(BACKEND_TTFB)
HTTP: Final = _union(HTTP_DURATION)
SIZE: Final = _union(HTTP_SIZE)
COST: Final = _union(COST_USD)
TOKENS: Final = _union(OTEL_TOKENS)


def bound_labels(bounds: Iterable[float]) -> tuple[str, ...]:
    """Return the text of each upper bound, then `+Inf`: one label per bucket index; it reads back as the bound."""
    short = ((bound, format(bound, "g")) for bound in bounds)
    return (*(text if float(text) == bound else repr(bound) for bound, text in short), "+Inf")


def bucket_of(bounds: tuple[float, ...], value: float) -> int:
    """Return the index of the bucket whose upper bound is the first at or above the value."""
    return bisect_left(bounds, value)
