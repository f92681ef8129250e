"""The counters a series is made of, their names in Redis, and their order in packed records."""

from typing import Final

from tokenpulse_shared.records import OUTCOMES, USAGE_SOURCES

OUTCOME_FIELDS: Final[dict[str, str]] = {outcome: f"outcome:{outcome}" for outcome in OUTCOMES}
USAGE_FIELDS: Final[dict[str, str]] = {source: f"usage:{source}" for source in USAGE_SOURCES}

WINDOW_COUNTERS: Final[tuple[str, ...]] = (
    "total_requests",
    "successful_requests",
    "failed_requests",
    "tokens_input",
    "tokens_output",
    "tokens_cached",
    "tokens_reasoning",
    "total_cost",  # integer nano-USD
    "latency_us",  # sum, integer microseconds
    "latency_count",
    "ttft_us",
    "ttft_count",
    "tpot_us",
    "tpot_count",
    "unpriced_requests",
    *OUTCOME_FIELDS.values(),
    *USAGE_FIELDS.values(),
    "ttfb_us",
    "ttfb_count",
    "first_visible_us",
    "first_visible_count",
    "itl_us",  # sum of gap × tokens
    "itl_count",  # tokens
    "send_wait_us",
    "send_wait_count",
    "tokens_cache_write",
    "unjudged_latency_us",  # the part of `latency_us` that is no success's and no provider fault's
    "unjudged_latency_count",
)
"""Field names of a window's counters. Append only: a packed record names a counter by its place here.

Each quantity of `SKETCHED` has a sum (`_us`, integer microseconds) and a `_count` here, so its mean is exact.

`failed_requests` is every request that is not a success, whoever's fault; the `outcome:*` fields tell apart.
"""

SKETCHED: Final[tuple[str, ...]] = (
    "latency",
    "ttft",
    "tpot",
    "ttfb",
    "first_visible",
    "itl",  # its buckets count tokens, those of the others requests
    "send_wait",
)
"""Quantities kept as sketches for each model, in the order of a packed record. Append only."""

PROVIDER_SKETCHED: Final[tuple[str, ...]] = ("latency", "ttft")
"""Quantities kept as sketches for a provider as a whole too: those its answers give percentiles of."""

MAX_COUNT: Final = 2**53 - 1
"""Largest increment a batch carries: the largest integer that Lua and JSON keep exactly."""
