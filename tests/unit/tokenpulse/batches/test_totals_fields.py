"""Tests of what a series adds to its totals."""

from tokenpulse.aggregation.deltas import SeriesDelta
from tokenpulse.aggregation.known_words import Words
from tokenpulse.batches.totals_fields import totals_fields
from tokenpulse_shared.counters import MAX_COUNT
from tokenpulse_shared.records import Observation


def test_totals_have_every_histogram_under_its_labels() -> None:
    """Each count stands under its quantity, its upper bound's text and its endpoint; sums beside; zeros nowhere."""
    delta, words = SeriesDelta(), Words()
    delta.fold(
        Observation(
            "p", "m", streaming=True, latency_seconds=2.0, ttfb_seconds=0.5, ttft_seconds=0.6, tpot_seconds=0.014,
            tokens_output=100, cost_nano_usd=2_000_000, endpoint="chat", finish_reason="stop",
        ),
        words,
    )  # fmt: skip
    delta.fold(Observation("p", "m", outcome="timeout", latency_seconds=1e6, finish_reason="stop"), words)
    delta.fold(Observation("p", "m", outcome="provider_error", error_type="a:b"), words)

    assert totals_fields(delta) == {
        "total_requests": 3,
        "successful_requests": 1,
        "failed_requests": 2,
        "tokens_output": 100,
        "total_cost": 2_000_000,
        "latency_us": 1_000_002_000_000,
        "latency_count": 2,
        "ttft_us": 600_000,
        "ttft_count": 1,
        "tpot_us": 14_000,
        "tpot_count": 1,
        "unpriced_requests": 2,
        "outcome:success": 1,
        "outcome:timeout": 1,
        "outcome:provider_error": 1,
        "usage:unknown": 3,
        "ttfb_us": 500_000,
        "ttfb_count": 1,
        "latency_success:2": 1,
        "latency_success_us": 2_000_000,
        "latency_error:+Inf": 1,
        "latency_error_us": 1_000_000_000_000,
        "ttft:0.75": 1,
        "tpot:0.025": 1,
        "cost:0.005": 1,
        "cost_per_1k:0.05": 1,
        "cost_per_1k_nano": 20_000_000,
        "output_tokens:256": 1,
        "ttfb:0.5:chat": 1,
        "ttfb_us:chat": 500_000,
        "streaming:1.5:chat": 1,
        "streaming_us:chat": 1_500_000,
        "finish:stop": 2,
        "error:timeout": 1,
        "error:a:b": 1,
    }


def test_sums_are_bounded() -> None:
    """No increment is larger than what Lua and JSON keep exactly."""
    delta = SeriesDelta()
    delta.counters = [MAX_COUNT + 5] * len(delta.counters)
    delta.latency_success_us = delta.latency_error_us = delta.cost_per_1k_nano = 2**70

    assert set(totals_fields(delta).values()) == {MAX_COUNT}
