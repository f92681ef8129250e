"""A provider's health: unknown without calls, steady at the edges, told with its inputs."""

import pytest

from tests.support.boards import minute
from tokenpulse_shared.health.health_calls import Calls
from tokenpulse_shared.health.provider_health import ProviderHealth, assess
from tokenpulse_shared.scoring import edge_margin, status_of

NOW = 1_700_000_070.0
START = 1_700_000_040


def held(successes: int, faults: int, previous: ProviderHealth | None = None) -> ProviderHealth:
    """Return the health by one minute, the current one, of calls of 2 s."""
    return assess("p", [minute(START, successes, faults)], NOW, 10.0, previous)


def test_nothing_known_is_unknown() -> None:
    health = assess("p", [], NOW, 10.0)

    assert (health.health.status, health.health.score, health.health.success_rate) == ("unknown", 100.0, None)
    assert (health.window.begin, health.window.reason, health.window.calls) == (
        START - 300,
        "five_minutes",
        Calls(),
    )
    assert (health.coverage, health.last_score, health.status_since) == (0.0, None, NOW)
    assert not health.is_held_by_margin


def test_a_known_provider_stays_known_for_fifteen_minutes_of_few_calls() -> None:
    """Its last score is kept when it is forgotten at last; one that was never known needs five in five minutes."""
    first = held(5, 0)
    later = [minute(START, 5, 0)]
    still = assess("p", later, NOW + 900, 10.0, first)
    gone = assess("p", later, NOW + 960, 10.0, still)
    never = assess("p", later, NOW + 900, 10.0, None)

    assert (first.health.status, first.health.score) == ("healthy", 94.0)
    assert (still.health.status, still.status_since) == ("healthy", NOW)
    assert still.health.sample_count == 5
    assert (gone.health.status, gone.health.score, gone.last_score) == ("unknown", 100.0, 94.0)
    assert (gone.status_since, gone.health.sample_count) == (NOW + 960, 0)
    assert never.health.status == "unknown"


def test_a_status_is_kept_within_the_margin() -> None:
    """78.5 after healthy is healthy, after degraded it is degraded; 77.7 is degraded whatever was before."""
    healthy, degraded = held(1000, 0), held(700, 300)
    down, up = held(779, 221, healthy), held(821, 179, degraded)
    fallen, risen = held(766, 234, healthy), held(860, 140, degraded)

    assert (down.health.score, down.health.status, down.is_held_by_margin) == (78.53, "healthy", True)
    assert down.status_since == healthy.status_since
    assert (up.health.score, up.health.status, up.is_held_by_margin) == (81.47, "degraded", True)
    assert (fallen.health.score, fallen.health.status, fallen.is_held_by_margin) == (77.62, "degraded", False)
    assert (risen.health.score, risen.health.status) == (84.2, "healthy")


@pytest.mark.parametrize(
    ("score", "previous", "status"),
    [
        (77.99, "healthy", "degraded"),
        (78.0, "healthy", "healthy"),
        (81.99, "degraded", "degraded"),
        (82.0, "degraded", "healthy"),
        (48.0, "degraded", "degraded"),
        (47.99, "degraded", "unhealthy"),
        (51.99, "unhealthy", "unhealthy"),
        (52.0, "unhealthy", "degraded"),
        (82.0, "unhealthy", "healthy"),
        (47.99, "healthy", "unhealthy"),
        (80.0, "unknown", "healthy"),
    ],
)
def test_edges_have_a_margin(score: float, previous: str, status: str) -> None:
    assert status_of(score, previous) == status  # type: ignore[arg-type]  # parametrized literals


@pytest.mark.parametrize(
    ("error", "margin"), [(None, 2.0), (0.5, 2.0), (1.0, 2.0), (1.5, 3.0), (2.5, 5.0), (9.0, 5.0)]
)
def test_the_margin_is_two_standard_errors_within_bounds(error: float | None, margin: float) -> None:
    assert edge_margin(error) == margin
