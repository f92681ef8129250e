"""The two published health formulas, pure.

`score_100 = 100·(0.7·success_rate + 0.3·latency_score)`, latency_score = 1 − min(avg_latency / acceptable, 1).
Worked: 95 of 100 calls good, 2 s on average, 10 s acceptable: 100·(0.7·0.95 + 0.3·0.8) = 90.5.
`composite_01 = clamp(0.4·availability + 0.3·(1 − error_rate) + 0.3·latency_01)`, latency_01 = clamp(1 − (s − 2)/8).
Worked: available, 5 % errors, 4 s: 0.4 + 0.285 + 0.3·0.75 = 0.91.

A call counts when its outcome says something of the provider: successes and provider faults, not caller
errors or client disconnects. Below `MINIMUM_SAMPLES` calls the status is `unknown` and the score reads
100.0 by convention; the status tells.

A status that was known before is kept until the score is past the edge by a margin (see `edge_margin`), so that a
score near an edge does not flap. Worked, margin 2: healthy stays healthy down to 78.0, degraded degraded below 82.0.
"""

from dataclasses import dataclass
from typing import Final, Literal

HealthStatus = Literal["healthy", "degraded", "unhealthy", "unknown"]

WINDOW_MINUTES: Final = 5
MINIMUM_SAMPLES: Final = 5
HEALTHY_AT: Final = 80.0
DEGRADED_AT: Final = 50.0
SMALLEST_MARGIN_POINTS: Final = 2.0
"""Three standard errors of a settled score (see `health_window`)."""
LARGEST_MARGIN_POINTS: Final = 5.0
"""More would keep a provider whose answers take 5 s, 85 points at best, from ever being healthy again."""
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


def edge_margin(standard_error_points: float | None) -> float:
    """Return how far past an edge a score must be to change a status: two standard errors, 2 to 5 points."""
    return min(LARGEST_MARGIN_POINTS, max(SMALLEST_MARGIN_POINTS, 2.0 * (standard_error_points or 0.0)))


def status_of(
    score: float, previous: HealthStatus = "unknown", margin_points: float = SMALLEST_MARGIN_POINTS
) -> HealthStatus:
    """Return the status a score from 0 to 100 stands for, given enough samples; `previous`: what it was before."""
    healthy_at, degraded_at = HEALTHY_AT, DEGRADED_AT
    if previous != "unknown":
        healthy_at += -margin_points if previous == "healthy" else margin_points
        degraded_at += margin_points if previous == "unhealthy" else -margin_points
    if score >= healthy_at:
        return "healthy"
    return "degraded" if score >= degraded_at else "unhealthy"


def unknown_health(successes: int, faults: int, average_latency_seconds: float | None) -> Health:
    """Return the health of a provider of which too little is known."""
    samples = successes + faults
    return Health(
        score=UNKNOWN_SCORE,
        composite=None,
        status="unknown",
        sample_count=samples,
        success_rate=successes / samples if samples else None,
        average_latency_seconds=average_latency_seconds,
    )


def compute_health(
    successes: int,
    faults: int,
    average_latency_seconds: float | None,
    acceptable_seconds: float = ACCEPTABLE_LATENCY_SECONDS,
    previous: HealthStatus = "unknown",
    margin_points: float = SMALLEST_MARGIN_POINTS,
) -> Health:
    """Return the health of a provider from its calls in the window; `previous`: its status before.

    Unknown latency takes no points: a provider none of whose calls was timed is judged by its success rate.
    """
    samples = successes + faults
    if samples < MINIMUM_SAMPLES:
        return unknown_health(successes, faults, average_latency_seconds)
    rate = successes / samples
    score = 100.0 * (0.7 * rate + 0.3 * latency_score(average_latency_seconds, acceptable_seconds))
    availability = 1.0 if successes else 0.0
    composite = clamp(0.4 * availability + 0.3 * rate + 0.3 * latency_01(average_latency_seconds))
    return Health(
        score=round(score, 2),
        composite=round(composite, 4),
        status=status_of(score, previous, margin_points),
        sample_count=samples,
        success_rate=rate,
        average_latency_seconds=average_latency_seconds,
    )


def latency_score(average_seconds: float | None, acceptable_seconds: float) -> float:
    """Return the part of `score_100` that latency has, 0–1."""
    return 1.0 - min((average_seconds or 0.0) / acceptable_seconds, 1.0)


def latency_01(average_seconds: float | None) -> float:
    """Return the part of `composite_01` that latency has, 0–1: all of it up to 2 s, nothing from 10 s."""
    return clamp(1.0 - ((average_seconds or 0.0) - 2.0) / 8.0)
