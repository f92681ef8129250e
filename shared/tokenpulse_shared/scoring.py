"""The two published health formulas, pure.

`score_100 = 100·(0.7·success_rate + 0.3·latency_score)`, latency_score = 1 − min(avg_latency / acceptable, 1).
Worked: 95 of 100 calls good, 2 s on average, 10 s acceptable: 100·(0.7·0.95 + 0.3·0.8) = 90.5.
`composite_01 = clamp(0.4·availability + 0.3·(1 − error_rate) + 0.3·latency_01)`, latency_01 = clamp(1 − (s − 2)/8).
Worked: available, 5 % errors, 4 s: 0.4 + 0.285 + 0.3·0.75 = 0.91.

A call counts when its outcome says something of the provider: successes and provider faults, not caller
errors or client disconnects. Below `MINIMUM_SAMPLES` calls the status is `unknown` and the score reads
100.0 by convention; the status tells.
"""

from dataclasses import dataclass
from typing import Final, Literal

HealthStatus = Literal["healthy", "degraded", "unhealthy", "unknown"]

WINDOW_MINUTES: Final = 5
MINIMUM_SAMPLES: Final = 5
HEALTHY_AT: Final = 80.0
DEGRADED_AT: Final = 50.0
UNKNOWN_SCORE: Final = 100.0
ACCEPTABLE_LATENCY_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Hold a provider's health over the window; rates in 0–1, None when there were no calls to tell from."""

    score: float
    composite: float | None
    status: HealthStatus
    sample_count: int
    success_rate: float | None
    average_latency_seconds: float | None


def clamp(value: float) -> float:
    """Return the value held within 0 and 1."""
    return min(1.0, max(0.0, value))


def status_of(score: float) -> HealthStatus:
    """Return the status a score from 0 to 100 stands for, given enough samples."""
    if score >= HEALTHY_AT:
        return "healthy"
    return "degraded" if score >= DEGRADED_AT else "unhealthy"


def compute_health(
    successes: int,
    faults: int,
    average_latency_seconds: float | None,
    acceptable_seconds: float = ACCEPTABLE_LATENCY_SECONDS,
) -> Health:
    """Return the health of a provider from its calls in the window.

    Unknown latency takes no points: a provider none of whose calls was timed is judged by its success rate.
    """
    samples = successes + faults
    rate = successes / samples if samples else None
    if rate is None or samples < MINIMUM_SAMPLES:
        return Health(
            score=UNKNOWN_SCORE,
            composite=None,
            status="unknown",
            sample_count=samples,
            success_rate=rate,
            average_latency_seconds=average_latency_seconds,
        )
    latency = average_latency_seconds or 0.0
    score = 100.0 * (0.7 * rate + 0.3 * (1.0 - min(latency / acceptable_seconds, 1.0)))
    availability = 1.0 if successes else 0.0
    composite = clamp(0.4 * availability + 0.3 * rate + 0.3 * clamp(1.0 - (latency - 2.0) / 8.0))
    return Health(
        score=round(score, 2),
        composite=round(composite, 4),
        status=status_of(score),
        sample_count=samples,
        success_rate=rate,
        average_latency_seconds=average_latency_seconds,
    )
