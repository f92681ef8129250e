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
)
"""Field names of a window's counters. Append only: a packed record names a counter by its place here.

`failed_requests` is every request that is not a success, whoever's fault; the `outcome:*` fields tell apart.
"""

SKETCHED: Final[tuple[str, ...]] = ("latency", "ttft", "tpot")
"""Quantities kept as sketches, in the order of a packed record. Append only."""

MAX_COUNT: Final = 2**53 - 1
"""Largest increment a batch carries: the largest integer that Lua and JSON keep exactly."""
