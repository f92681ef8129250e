"""The table of counters: its order is written into packed records, so it may only grow at its end."""

from tokenpulse_shared.counters import PROVIDER_SKETCHED, SKETCHED, WINDOW_COUNTERS

# What records that are in somebody's Redis say by place. Never edit a line that is here: append.
WRITTEN_COUNTERS = (
    "total_requests", "successful_requests", "failed_requests",
    "tokens_input", "tokens_output", "tokens_cached", "tokens_reasoning", "total_cost",
    "latency_us", "latency_count", "ttft_us", "ttft_count", "tpot_us", "tpot_count", "unpriced_requests",
    "outcome:success", "outcome:caller_error", "outcome:rate_limit", "outcome:timeout", "outcome:network",
    "outcome:provider_error", "outcome:truncated", "outcome:client_disconnect", "outcome:app_exception",
    "outcome:cancelled", "usage:reported", "usage:partial", "usage:estimated", "usage:unknown",
    "ttfb_us", "ttfb_count", "first_visible_us", "first_visible_count", "itl_us", "itl_count",
    "send_wait_us", "send_wait_count", "tokens_cache_write", "unjudged_latency_us", "unjudged_latency_count",
)  # fmt: skip
WRITTEN_SKETCHES = ("latency", "ttft", "tpot", "ttfb", "first_visible", "itl", "send_wait")


def test_no_place_ever_changes() -> None:
    """A new outcome would move the places behind it: it must be appended by name instead."""
    assert WINDOW_COUNTERS[: len(WRITTEN_COUNTERS)] == WRITTEN_COUNTERS
    assert SKETCHED[: len(WRITTEN_SKETCHES)] == WRITTEN_SKETCHES


def test_every_sketch_has_its_sum_and_count() -> None:
    """Means are exact, and a packer that does not know the sketch leaves the window for its counters."""
    assert {f"{quantity}{kind}" for quantity in SKETCHED for kind in ("_us", "_count")} <= set(
        WINDOW_COUNTERS
    )
    assert set(PROVIDER_SKETCHED) <= set(SKETCHED)
