"""Where each counter stands in a delta's list: its place in `WINDOW_COUNTERS`."""

from typing import Final

from tokenpulse_shared.counters import OUTCOME_FIELDS, USAGE_FIELDS, WINDOW_COUNTERS

(
    TOTAL,
    SUCCESSFUL,
    FAILED,
    INPUT,
    OUTPUT,
    CACHED,
    REASONING,
    COST,
    LATENCY_US,
    LATENCY_COUNT,
    TTFT_US,
    TTFT_COUNT,
    TPOT_US,
    TPOT_COUNT,
    UNPRICED,
) = range(15)
OUTCOME_AT: Final = {outcome: WINDOW_COUNTERS.index(name) for outcome, name in OUTCOME_FIELDS.items()}
USAGE_AT: Final = {source: WINDOW_COUNTERS.index(name) for source, name in USAGE_FIELDS.items()}
(
    TTFB_US,
    TTFB_COUNT,
    FIRST_VISIBLE_US,
    FIRST_VISIBLE_COUNT,
    ITL_US,
    ITL_COUNT,
    SEND_WAIT_US,
    SEND_WAIT_COUNT,
    CACHE_WRITE,
    UNJUDGED_LATENCY_US,
    UNJUDGED_LATENCY_COUNT,
) = range(WINDOW_COUNTERS.index("ttfb_us"), WINDOW_COUNTERS.index("unjudged_latency_count") + 1)
