"""The two health formulas, at their worked numbers and their edges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenpulse_shared.scoring import UNKNOWN_SCORE, Health, compute_health, status_of


def test_the_worked_numbers() -> None:
    """95 of 100 calls good, 2 s: 90.5; with 4 s the composite is 0.91."""
    assert compute_health(95, 5, 2.0).score == 90.5
    assert compute_health(95, 5, 4.0).composite == 0.91


@pytest.mark.parametrize(
    ("score", "status"),
    [
        (100.0, "healthy"),
        (80.0, "healthy"),
        (79.99, "degraded"),
        (50.0, "degraded"),
        (49.99, "unhealthy"),
        (0.0, "unhealthy"),
    ],
)
def test_status_by_score(score: float, status: str) -> None:
    assert status_of(score) == status


def test_too_few_samples_are_unknown() -> None:
    """The score reads 100 by convention; the rate is told as it is."""
    assert compute_health(3, 1, 0.5) == Health(
        score=UNKNOWN_SCORE,
        composite=None,
        status="unknown",
        sample_count=4,
        success_rate=0.75,
        average_latency_seconds=0.5,
    )
    assert compute_health(0, 0, None).success_rate is None
    assert compute_health(4, 1, None).status == "healthy"


@pytest.mark.parametrize(
    ("successes", "faults", "latency", "acceptable", "score", "composite", "status"),
    [
        (10, 0, 0.0, 10.0, 100.0, 1.0, "healthy"),
        (10, 0, None, 10.0, 100.0, 1.0, "healthy"),
        (10, 0, 10.0, 10.0, 70.0, 0.7, "degraded"),
        (10, 0, 99.0, 10.0, 70.0, 0.7, "degraded"),
        (0, 10, 0.0, 10.0, 30.0, 0.3, "unhealthy"),
        (0, 10, 60.0, 10.0, 0.0, 0.0, "unhealthy"),
        (5, 5, 1.0, 2.0, 50.0, 0.85, "degraded"),
    ],
)
def test_scores(
    successes: int,
    faults: int,
    latency: float | None,
    acceptable: float,
    score: float,
    composite: float,
    status: str,
) -> None:
    health = compute_health(successes, faults, latency, acceptable)
    assert (health.score, health.composite, health.status) == (score, composite, status)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.none() | st.floats(0, 1e6))
def test_scores_stay_in_range(successes: int, faults: int, latency: float | None) -> None:
    health = compute_health(successes, faults, latency)

    assert 0.0 <= health.score <= 100.0
    assert health.composite is None or 0.0 <= health.composite <= 1.0
    assert (health.status == "unknown") == (successes + faults < 5)
