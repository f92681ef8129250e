"""An explained health: the numbers it names give the score by the formulas it names."""

import pytest

from tests.support.boards import minute
from tokenpulse_reader.reports.explain import COMPOSITE_FORMULA, SCORE_FORMULA, explained_json
from tokenpulse_reader.reports.health import health_json
from tokenpulse_shared.health.provider_health import assess

NOW = 1_700_000_070.0
START = 1_700_000_040


def test_the_parts_give_the_whole() -> None:
    """95 of 100 calls good, 4 s: 84.5 of 100, 0.91 of 1."""
    held = assess("p", [minute(START, 95, 5, 4.0)], NOW, 10.0)
    explained = explained_json(held)
    explanation = explained.pop("explanation")

    assert explained == health_json(held)
    assert explanation == {
        "inputs": {
            "successes": 95,
            "faults": 5,
            "avg_latency_ms": 4000.0,
            "latency_count": 100,
            "window_start": "2023-11-14T22:09:00.000+00:00",
            "window_end": "2023-11-14T22:14:30.000+00:00",
            "window_seconds": 330.0,
        },
        "score": {
            "formula": SCORE_FORMULA,
            "acceptable_latency_ms": 10_000.0,
            "success_rate": 0.95,
            "latency_score": 0.6,
            "value": 84.5,
        },
        "composite": {
            "formula": COMPOSITE_FORMULA,
            "availability": 1.0,
            "error_rate": pytest.approx(0.05),
            "latency_01": 0.75,
            "value": 0.91,
        },
        "status": {
            "healthy_at": 80.0,
            "degraded_at": 50.0,
            "minimum_samples": 5,
            "stays_known_seconds": 900,
            "margin_points": pytest.approx(4.3756, abs=1e-4),
            "status_by_score_alone": "healthy",
            "is_held_by_margin": False,
            "status_since": "2023-11-14T22:14:30.000+00:00",
        },
        "window": {
            "reason": "five_minutes",
            "published_minutes": 5,
            "longest_minutes": 60,
            "changed_at": None,
            "change_evidence_needed": 13.0,
            "standard_error_points": pytest.approx(2.1878, abs=1e-4),
            "settled_below_points": 0.7,
        },
    }


def test_what_was_not_computed_is_null() -> None:
    """Four calls: their rate is told, nothing is made of it."""
    explanation = explained_json(assess("p", [minute(START, 3, 1)], NOW, 10.0))["explanation"]

    assert explanation["inputs"]["successes"] == 3
    assert {explanation["score"][part] for part in ("success_rate", "latency_score", "value")} == {None}
    assert {
        explanation["composite"][part] for part in ("availability", "error_rate", "latency_01", "value")
    } == {None}
    assert explanation["status"]["margin_points"] is explanation["status"]["status_by_score_alone"] is None


def test_a_status_held_by_its_margin_says_so() -> None:
    """Degraded by the score alone; a change of behaviour is told with its minute."""
    before = assess("p", [minute(START - 60, 1000, 0)], NOW - 60, 10.0)
    after = assess("p", [minute(START - 60, 1000, 0), minute(START, 779, 221)], NOW, 10.0, before)
    explanation = explained_json(after)["explanation"]

    assert explanation["status"]["is_held_by_margin"] is True
    assert explanation["status"]["status_by_score_alone"] == "degraded"
    assert explanation["status"]["status_since"] == "2023-11-14T22:13:30.000+00:00"
    assert (explanation["window"]["reason"], explanation["window"]["changed_at"]) == (
        "change",
        "2023-11-14T22:14:00.000+00:00",
    )
