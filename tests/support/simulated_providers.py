"""Providers whose calls are drawn slice by slice of a simulated clock, with incidents that are planned."""

from collections import deque
from dataclasses import dataclass, field
from math import exp, log, sqrt
from random import Random
from typing import Final

from tokenpulse_shared.health.health_calls import Minute

SLICE_SECONDS: Final = 10
KEPT_MINUTES: Final = 61
_FEW: Final = 30
"""Up to this many calls are drawn one by one; more as a sum with the same mean and variance."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Hold what a provider does from `start` on for `seconds`: its share of faults, its mean latency."""

    start: float
    seconds: float
    fault_share: float
    latency_seconds: float


@dataclass(frozen=True, slots=True)
class Profile:
    """Hold what a provider does when nothing is wrong; `latency_sigma` is that of a log-normal."""

    name: str
    calls_per_minute: float
    fault_share: float
    latency_seconds: float
    latency_sigma: float = 0.8
    incidents: tuple[Incident, ...] = ()


@dataclass(slots=True)
class SimulatedProvider:
    """Draw a provider's calls; `minutes` holds those of the last hour, oldest first."""

    profile: Profile
    random: Random
    minutes: deque[Minute] = field(default_factory=lambda: deque(maxlen=KEPT_MINUTES))

    def advance(self, now: float) -> None:
        """Draw the calls of the `SLICE_SECONDS` that begin at `now`, epoch seconds."""
        profile = self.profile
        fault_share, latency = profile.fault_share, profile.latency_seconds
        for incident in profile.incidents:
            if incident.start <= now < incident.start + incident.seconds:
                fault_share, latency = incident.fault_share, incident.latency_seconds
        calls = self._poisson(profile.calls_per_minute * SLICE_SECONDS / 60)
        faults = self._binomial(calls, fault_share)
        start = int(now // 60) * 60
        held = (
            self.minutes.pop()
            if self.minutes and self.minutes[-1].start == start
            else Minute(start, 0, 0, 0, 0)
        )
        drawn = Minute(
            start,
            held.successes + calls - faults,
            held.faults + faults,
            held.latency_us + int(self._latencies(calls, latency) * 1e6),
            held.latency_count + calls,
        )
        self.minutes.append(drawn)

    def _poisson(self, mean: float) -> int:
        if mean > _FEW:
            return max(0, round(self.random.gauss(mean, sqrt(mean))))
        limit, drawn, product = exp(-mean), 0, self.random.random()
        while product > limit:
            drawn += 1
            product *= self.random.random()
        return drawn

    def _binomial(self, calls: int, share: float) -> int:
        mean = calls * share
        if calls > _FEW and min(mean, calls - mean) > _FEW:
            return min(calls, max(0, round(self.random.gauss(mean, sqrt(mean * (1.0 - share))))))
        return sum(self.random.random() < share for _ in range(calls))

    def _latencies(self, calls: int, mean: float) -> float:
        """Return the sum of the calls' latencies in seconds."""
        sigma = self.profile.latency_sigma
        if calls <= _FEW:
            return sum(self.random.lognormvariate(log(mean) - sigma**2 / 2, sigma) for _ in range(calls))
        spread = mean * sqrt(exp(sigma**2) - 1.0)
        return max(0.0, self.random.gauss(calls * mean, spread * sqrt(calls)))
