"""What a series gathered since the last flush: plain counts that add up.

Invariant: merging two deltas in any order gives the delta that all their observations would have given.
Bounds: a delta's size depends on its buckets (at most some hundred), never on the number of requests.
"""

from bisect import bisect_left
from typing import Final, TypeVar

from tokenpulse_shared import histogram
from tokenpulse_shared.counters import MAX_COUNT, OUTCOME_FIELDS, USAGE_FIELDS, WINDOW_COUNTERS
from tokenpulse_shared.records import PROVIDER_FAULTS, Observation, Outcome
from tokenpulse_shared.sketch import bucket_index

MAX_FINISH_REASONS: Final = 16
"""Finish reasons told apart per series and flush; vendors have at most a dozen."""

# Places in the counters' list, in the order of WINDOW_COUNTERS.
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
_SIZE: Final = len(WINDOW_COUNTERS)
_LATENCY: Final = histogram.LATENCY
_TTFT: Final = histogram.TTFT
_ENDPOINT: Final = histogram.ENDPOINT
_COST: Final = histogram.COST

Counts = dict[int, int]


_Key = TypeVar("_Key")


def add_counts(into: dict[_Key, int], more: dict[_Key, int]) -> None:
    """Add the counts of one mapping to another."""
    for key, count in more.items():
        into[key] = into.get(key, 0) + count


class SeriesDelta:
    """Gather one (provider, model) over one window; not thread-safe."""

    __slots__ = (
        "cost_per_1k",
        "cost_per_1k_nano",
        "costs",
        "counters",
        "endpoints",
        "faults",
        "finishes",
        "latencies_error",
        "latencies_success",
        "latency",
        "latency_error_us",
        "latency_success_us",
        "qualifies",
        "streak",
        "tpot",
        "ttft",
        "ttfts",
    )

    def __init__(self) -> None:
        self.counters = [0] * _SIZE
        self.latency: Counts = {}
        self.ttft: Counts = {}
        self.tpot: Counts = {}
        self.latencies_success: Counts = {}
        self.latencies_error: Counts = {}
        self.latency_success_us = 0
        self.latency_error_us = 0
        self.ttfts: Counts = {}
        self.costs: Counts = {}
        self.cost_per_1k: Counts = {}
        self.cost_per_1k_nano = 0
        self.endpoints: dict[str, EndpointDelta] | None = None
        self.finishes: dict[str, int] | None = None
        self.faults = 0
        self.streak = 0
        """Provider faults since the last success, in order of arrival."""
        self.qualifies = False
        """True once an observation makes the model's name worth a series of its own."""

    def fold(self, observation: Observation) -> None:
        """Count one observation; about 2 µs."""
        (
            _, _, _, _, _, streaming, _, outcome, _, _, finish, _, latency, ttfb, ttft, _, tpot, _,
            tokens_input, tokens_output, cached, reasoning, source, cost, _, endpoint, _, _, _,
        ) = observation  # fmt: skip  # unpacked at once: a quarter less than reading fields by name
        counters = self.counters
        counters[TOTAL] += 1
        counters[OUTCOME_AT[outcome]] += 1
        counters[USAGE_AT[source]] += 1
        if outcome == "success":
            counters[SUCCESSFUL] += 1
            self.streak = 0
        else:
            self._fold_failure(outcome)
        if latency is not None:
            self._fold_latency(latency, outcome == "success")
        if ttft is not None or tpot is not None:
            self._fold_pace(ttft, tpot)
        if tokens_input:
            counters[INPUT] += tokens_input
        if tokens_output:
            counters[OUTPUT] += tokens_output
        if cached or reasoning:
            counters[CACHED] += cached or 0
            counters[REASONING] += reasoning or 0
        if cost is None:
            counters[UNPRICED] += 1
        else:
            self._fold_cost(cost, (tokens_input or 0) + (tokens_output or 0))
        if endpoint is not None and ttfb is not None:
            self._fold_endpoint(endpoint, ttfb, latency if streaming else None)
        if finish is not None:
            self._fold_finish(finish)

    def _fold_failure(self, outcome: Outcome) -> None:
        self.counters[FAILED] += 1
        if outcome in PROVIDER_FAULTS:
            self.faults += 1
            self.streak += 1

    def _fold_latency(self, latency: float, success: bool) -> None:
        microseconds = int(latency * 1e6 + 0.5)
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

    def _fold_pace(self, ttft: float | None, tpot: float | None) -> None:
        counters = self.counters
        if ttft is not None:
            counters[TTFT_US] += int(ttft * 1e6 + 0.5)
            counters[TTFT_COUNT] += 1
            index = bucket_index(ttft)
            self.ttft[index] = self.ttft.get(index, 0) + 1
            index = bisect_left(_TTFT, ttft)
            self.ttfts[index] = self.ttfts.get(index, 0) + 1
        if tpot is not None:
            counters[TPOT_US] += int(tpot * 1e6 + 0.5)
            counters[TPOT_COUNT] += 1
            index = bucket_index(tpot)
            self.tpot[index] = self.tpot.get(index, 0) + 1

    def _fold_cost(self, cost: int, tokens: int) -> None:
        self.counters[COST] += cost
        index = bisect_left(_COST, cost / 1e9)
        self.costs[index] = self.costs.get(index, 0) + 1
        if tokens:
            per_1k = cost * 1000 // tokens
            self.cost_per_1k_nano += per_1k
            index = bisect_left(_COST, per_1k / 1e9)
            self.cost_per_1k[index] = self.cost_per_1k.get(index, 0) + 1

    def _fold_endpoint(self, endpoint: str, ttfb: float, stream_latency: float | None) -> None:
        if self.endpoints is None:
            self.endpoints = {}
        delta = self.endpoints.get(endpoint)
        if delta is None:
            delta = self.endpoints[endpoint] = EndpointDelta()
        delta.ttfb_us += int(ttfb * 1e6 + 0.5)
        index = bisect_left(_ENDPOINT, ttfb)
        delta.ttfbs[index] = delta.ttfbs.get(index, 0) + 1
        if stream_latency is not None:
            streamed = max(0.0, stream_latency - ttfb)
            delta.streaming_us += int(streamed * 1e6 + 0.5)
            index = bisect_left(_ENDPOINT, streamed)
            delta.streamings[index] = delta.streamings.get(index, 0) + 1

    def _fold_finish(self, reason: str) -> None:
        if self.finishes is None:
            self.finishes = {}
        if reason not in self.finishes and len(self.finishes) >= MAX_FINISH_REASONS:
            reason = "other"
        self.finishes[reason] = self.finishes.get(reason, 0) + 1

    def merge(self, later: "SeriesDelta") -> None:
        """Add a delta whose observations arrived after this one's."""
        self.counters = [mine + more for mine, more in zip(self.counters, later.counters, strict=True)]
        for name in (*COUNT_ATTRIBUTES, "latency", "ttft", "tpot"):
            add_counts(getattr(self, name), getattr(later, name))
        self.latency_success_us += later.latency_success_us
        self.latency_error_us += later.latency_error_us
        self.cost_per_1k_nano += later.cost_per_1k_nano
        for endpoint, delta in (later.endpoints or {}).items():
            self.endpoints = self.endpoints or {}
            self.endpoints.setdefault(endpoint, EndpointDelta()).merge(delta)
        for reason, count in (later.finishes or {}).items():
            self.finishes = self.finishes or {}
            self.finishes[reason] = self.finishes.get(reason, 0) + count
        self.streak = later.streak if later.counters[SUCCESSFUL] else self.streak + later.streak
        self.faults += later.faults
        self.qualifies = self.qualifies or later.qualifies


COUNT_ATTRIBUTES: Final = ("latencies_success", "latencies_error", "ttfts", "costs", "cost_per_1k")


class EndpointDelta:
    """Gather what is told apart by endpoint; not thread-safe."""

    __slots__ = ("streaming_us", "streamings", "ttfb_us", "ttfbs")

    def __init__(self) -> None:
        self.ttfbs: Counts = {}
        self.ttfb_us = 0
        self.streamings: Counts = {}
        self.streaming_us = 0

    def merge(self, later: "EndpointDelta") -> None:
        """Add another delta of the same endpoint."""
        add_counts(self.ttfbs, later.ttfbs)
        add_counts(self.streamings, later.streamings)
        self.ttfb_us += later.ttfb_us
        self.streaming_us += later.streaming_us


def bounded(count: int) -> int:
    """Return an increment that every part of the way to Redis keeps exactly."""
    return min(count, MAX_COUNT)
