"""How fast a series was since the last flush."""

from bisect import bisect_left
from math import ceil
from typing import Final

from tokenpulse.aggregation.counter_places import (
    FIRST_VISIBLE_COUNT,
    FIRST_VISIBLE_US,
    ITL_COUNT,
    ITL_US,
    LATENCY_COUNT,
    LATENCY_US,
    SEND_WAIT_COUNT,
    SEND_WAIT_US,
    TPOT_COUNT,
    TPOT_US,
    TTFB_COUNT,
    TTFB_US,
    TTFT_COUNT,
    TTFT_US,
    UNJUDGED_LATENCY_COUNT,
    UNJUDGED_LATENCY_US,
)
from tokenpulse.aggregation.endpoint_delta import Counts, EndpointDelta, add_counts
from tokenpulse_shared import histogram
from tokenpulse_shared.counters import SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.records import InterTokenLatency
from tokenpulse_shared.sketch import bucket_index

_SIZE: Final = len(WINDOW_COUNTERS)
_LATENCY: Final = histogram.LATENCY
_TTFT: Final = histogram.TTFT
_TPOT: Final = histogram.TPOT
_COUNTER_FIELDS: Final = 80
"""A call has about 16 counters, in four hashes, with as many places of histograms."""
_UNJUDGED: Final = ("unjudged_latency", "unjudged_ttft")
_MAPPINGS: Final = (*SKETCHED, *_UNJUDGED, "latencies_success", "latencies_error", "ttfts", "tpots")


class SpeedDelta:
    """Gather the times of one (provider, model) over one window; not thread-safe.

    `counters` are all of the series', in the order of `WINDOW_COUNTERS`; here the sums and counts of times are
    added. Microseconds are rounded once for each request, so that sums are integers: `ceil(x - 0.5)` takes half
    the time of `int(x + 0.5)`.
    """

    __slots__ = (*_MAPPINGS, "counters", "endpoints", "latency_error_us", "latency_success_us")

    def __init__(self) -> None:
        self.counters = [0] * _SIZE
        self.latency: Counts = {}
        self.ttft: Counts = {}
        self.tpot: Counts = {}
        self.ttfb: Counts = {}
        self.first_visible: Counts = {}
        self.itl: Counts = {}
        self.send_wait: Counts = {}
        self.unjudged_latency: Counts = {}
        """The part of `latency` that says nothing of the provider: its breaker leaves it out; in no window."""
        self.unjudged_ttft: Counts = {}
        """Likewise of `ttft`."""
        self.latencies_success: Counts = {}
        self.latencies_error: Counts = {}
        self.latency_success_us = 0
        self.latency_error_us = 0
        self.ttfts: Counts = {}
        self.tpots: Counts = {}
        self.endpoints: dict[str, EndpointDelta] = {}

    def weight(self) -> int:
        """Return about how many values in Redis this changes: in a minute, an hour, a day, the totals."""
        buckets = sum(len(getattr(self, quantity)) for quantity in SKETCHED)
        return _COUNTER_FIELDS + 2 * buckets

    def _fold_latency(self, latency: float, success: bool) -> None:
        microseconds = ceil(latency * 1e6 - 0.5)
        counters = self.counters
        counters[LATENCY_US] += microseconds
        counters[LATENCY_COUNT] += 1
        index = bucket_index(latency)
        self.latency[index] = self.latency.get(index, 0) + 1
        index = bisect_left(_LATENCY, latency)
        if success:
            self.latency_success_us += microseconds
            self.latencies_success[index] = self.latencies_success.get(index, 0) + 1
        else:
            self.latency_error_us += microseconds
            self.latencies_error[index] = self.latencies_error.get(index, 0) + 1

    def _fold_unjudged(self, latency: float | None, ttft: float | None) -> None:
        """Count times, beside `_fold_latency` and `_fold_pace`, as of a call that says nothing of the provider."""
        if latency is not None:
            self.counters[UNJUDGED_LATENCY_US] += ceil(latency * 1e6 - 0.5)
            self.counters[UNJUDGED_LATENCY_COUNT] += 1
            index = bucket_index(latency)
            self.unjudged_latency[index] = self.unjudged_latency.get(index, 0) + 1
        if ttft is not None:
            index = bucket_index(ttft)
            self.unjudged_ttft[index] = self.unjudged_ttft.get(index, 0) + 1

    def _fold_transport(
        self, ttfb: float | None, wait: float | None, endpoint: str | None, stream_latency: float | None
    ) -> None:
        """Count when the response started, and how long the server kept the app waiting in `send`."""
        counters = self.counters
        if ttfb is not None:
            microseconds = ceil(ttfb * 1e6 - 0.5)
            counters[TTFB_US] += microseconds
            counters[TTFB_COUNT] += 1
            index = bucket_index(ttfb)
            self.ttfb[index] = self.ttfb.get(index, 0) + 1
            if endpoint is not None:
                delta = self.endpoints.get(endpoint)
                if delta is None:
                    delta = self.endpoints[endpoint] = EndpointDelta()
                delta.fold(ttfb, microseconds, stream_latency)
        if wait is not None:
            counters[SEND_WAIT_US] += ceil(wait * 1e6 - 0.5)
            counters[SEND_WAIT_COUNT] += 1
            index = bucket_index(wait)
            self.send_wait[index] = self.send_wait.get(index, 0) + 1

    def _fold_pace(
        self, ttft: float | None, visible: float | None, tpot: float | None, itl: InterTokenLatency | None
    ) -> None:
        """Count how the content of an answer flowed."""
        counters = self.counters
        microseconds = index = 0
        if ttft is not None:
            microseconds, index = ceil(ttft * 1e6 - 0.5), bucket_index(ttft)
            counters[TTFT_US] += microseconds
            counters[TTFT_COUNT] += 1
            self.ttft[index] = self.ttft.get(index, 0) + 1
            place = bisect_left(_TTFT, ttft)
            self.ttfts[place] = self.ttfts.get(place, 0) + 1
        if visible is not None:
            if visible != ttft:  # the same unless the answer began with reasoning
                microseconds, index = ceil(visible * 1e6 - 0.5), bucket_index(visible)
            counters[FIRST_VISIBLE_US] += microseconds
            counters[FIRST_VISIBLE_COUNT] += 1
            self.first_visible[index] = self.first_visible.get(index, 0) + 1
        if tpot is not None:
            counters[TPOT_US] += ceil(tpot * 1e6 - 0.5)
            counters[TPOT_COUNT] += 1
            index = bucket_index(tpot)
            self.tpot[index] = self.tpot.get(index, 0) + 1
            place = bisect_left(_TPOT, tpot)
            self.tpots[place] = self.tpots.get(place, 0) + 1
        if itl is not None:
            counters[ITL_US] += ceil(itl.total_seconds * 1e6 - 0.5)
            counters[ITL_COUNT] += itl.tokens
            held = self.itl
            for index, tokens in itl.buckets:
                held[index] = held.get(index, 0) + tokens

    def _merge_speed(self, later: "SpeedDelta") -> None:
        for name in _MAPPINGS:
            add_counts(getattr(self, name), getattr(later, name))
        self.latency_success_us += later.latency_success_us
        self.latency_error_us += later.latency_error_us
        for endpoint, delta in later.endpoints.items():
            self.endpoints.setdefault(endpoint, EndpointDelta()).merge(delta)
