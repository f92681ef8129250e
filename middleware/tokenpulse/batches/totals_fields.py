"""What a series adds to the hashes that only grow, by field name: see `tokenpulse_shared.totals.totals`."""

from collections.abc import Iterable
from typing import Final

from tokenpulse.aggregation.deltas import SeriesDelta
from tokenpulse.batches.operations import bounded
from tokenpulse_shared import histogram
from tokenpulse_shared.counters import WINDOW_COUNTERS
from tokenpulse_shared.totals import totals

_LATENCY_LABELS: Final = histogram.bound_labels(histogram.LATENCY)
_TTFT_LABELS: Final = histogram.bound_labels(histogram.TTFT)
_TPOT_LABELS: Final = histogram.bound_labels(histogram.TPOT)
_ENDPOINT_LABELS: Final = histogram.bound_labels(histogram.ENDPOINT)
_COST_LABELS: Final = histogram.bound_labels(histogram.COST)
_TOKENS_LABELS: Final = histogram.bound_labels(histogram.TOKENS)


def counter_fields(counters: Iterable[int]) -> dict[str, int]:
    """Return the counters that are not zero, by field name."""
    return {name: bounded(count) for name, count in zip(WINDOW_COUNTERS, counters, strict=True) if count}


def _labelled(kind: str, counts: dict[int, int], labels: tuple[str, ...], suffix: str = "") -> dict[str, int]:
    return {f"{kind}:{labels[index]}{suffix}": count for index, count in counts.items()}


def totals_fields(delta: SeriesDelta) -> dict[str, int]:
    """Return what a series adds to its totals."""
    return counter_fields(delta.counters) | totals_only_fields(delta)


def totals_only_fields(delta: SeriesDelta) -> dict[str, int]:
    """Return what a series adds to its totals, to no window of it: histograms with their sums, words."""
    fields = _labelled(totals.LATENCY_SUCCESS, delta.latencies_success, _LATENCY_LABELS)
    fields |= _labelled(totals.LATENCY_ERROR, delta.latencies_error, _LATENCY_LABELS)
    fields |= _labelled(totals.TTFT, delta.ttfts, _TTFT_LABELS)
    fields |= _labelled(totals.TPOT, delta.tpots, _TPOT_LABELS)
    fields |= _labelled(totals.COST, delta.costs, _COST_LABELS)
    fields |= _labelled(totals.COST_PER_1K, delta.cost_per_1k, _COST_LABELS)
    fields |= _labelled(totals.INPUT_TOKENS, delta.input_sizes, _TOKENS_LABELS)
    fields |= _labelled(totals.OUTPUT_TOKENS, delta.output_sizes, _TOKENS_LABELS)
    sums = {
        f"{totals.LATENCY_SUCCESS}_us": delta.latency_success_us,
        f"{totals.LATENCY_ERROR}_us": delta.latency_error_us,
        f"{totals.COST_PER_1K}_nano": delta.cost_per_1k_nano,
    }
    for endpoint, timed in delta.endpoints.items():
        fields |= _labelled(totals.TTFB, timed.ttfbs, _ENDPOINT_LABELS, f":{endpoint}")
        fields |= _labelled(totals.STREAMING, timed.streamings, _ENDPOINT_LABELS, f":{endpoint}")
        sums[f"{totals.TTFB}_us:{endpoint}"] = timed.ttfb_us
        sums[f"{totals.STREAMING}_us:{endpoint}"] = timed.streaming_us
    fields |= {name: bounded(total) for name, total in sums.items() if total}
    fields |= {f"{totals.FINISH}:{reason}": count for reason, count in delta.finishes.items()}
    fields |= {f"{totals.ERROR}:{error_type}": count for error_type, count in delta.error_types.items()}
    return fields
