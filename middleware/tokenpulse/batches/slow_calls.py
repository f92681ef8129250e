"""Say which calls of a series were too slow for its breaker, from its sketches.

Judged are calls that say something of the provider: successes, and its faults.

Accuracy: a call is slow when its bucket lies above the limit's own, so a limit acts as if it were up to 2.2 %
higher. Nothing is done for it while a request runs.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from tokenpulse.aggregation.counter_places import SUCCESSFUL
from tokenpulse.aggregation.deltas import SeriesDelta
from tokenpulse.batches.operations import Calls
from tokenpulse_shared.breaker import NOT_TIMED, Slowness
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.sketch import bucket_index


class SlowLimits(NamedTuple):
    """Hold the buckets that a latency and a time to first token may still be in; None: nothing is too slow."""

    latency: int | None = None
    ttft: int | None = None

    @classmethod
    def of(cls, settings: Settings) -> "SlowLimits":
        """Return the limits that the settings name in seconds; 0 names none."""
        latency, ttft = settings.breaker_slow_latency, settings.breaker_slow_ttft
        return cls(bucket_index(latency) if latency else None, bucket_index(ttft) if ttft else None)

    def calls(self, model: str, delta: SeriesDelta) -> Calls:
        """Return a series' calls as its breaker wants to know them."""
        return Calls(
            model,
            delta.counters[SUCCESSFUL],
            delta.faults,
            delta.streak,
            _slowness(delta.latency, delta.unjudged_latency, self.latency),
            _slowness(delta.ttft, delta.unjudged_ttft, self.ttft),
        )


def _slowness(buckets: Mapping[int, int], unjudged: Mapping[int, int], limit: int | None) -> Slowness:
    if limit is None:
        return NOT_TIMED
    slow = _above(buckets, limit) - _above(unjudged, limit)
    return Slowness(slow, sum(buckets.values()) - sum(unjudged.values()))


def _above(buckets: Mapping[int, int], limit: int) -> int:
    return sum(count for index, count in buckets.items() if index > limit)


NO_LIMITS: Final = SlowLimits()
