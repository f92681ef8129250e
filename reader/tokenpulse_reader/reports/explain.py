"""Say how a provider's health score came about, pure."""

from typing import Any, Final

from tokenpulse_reader.reports.health import health_json
from tokenpulse_reader.reports.units import iso, milliseconds
from tokenpulse_shared.health.health_changes import CHANGE_EVIDENCE
from tokenpulse_shared.health.health_window import LONGEST_MINUTES, SETTLED_POINTS, HealthWindow
from tokenpulse_shared.health.provider_health import STAYS_KNOWN_SECONDS, ProviderHealth
from tokenpulse_shared.scoring import (
    DEGRADED_AT,
    HEALTHY_AT,
    MINIMUM_SAMPLES,
    WINDOW_MINUTES,
    clamp,
    edge_margin,
    latency_01,
    latency_score,
    status_of,
)

SCORE_FORMULA: Final = (
    "score_100 = 100·(0.7·success_rate + 0.3·latency_score), "
    "latency_score = 1 − min(avg_latency / acceptable, 1)"
)
COMPOSITE_FORMULA: Final = (
    "composite_01 = clamp(0.4·availability + 0.3·(1 − error_rate) + 0.3·latency_01), "
    "latency_01 = clamp(1 − (avg_latency − 2)/8)"
)


def explained_json(held: ProviderHealth) -> dict[str, Any]:
    """Return the health with its inputs, both formulas with their parts, what keeps the status steady.

    The parts are None where the status is `unknown`: nothing was computed then.
    """
    return {
        **health_json(held),
        "explanation": {
            "inputs": _inputs(held.window),
            "score": _score(held),
            "composite": _composite(held),
            "status": _status(held),
            "window": _window(held.window),
        },
    }


def _inputs(window: HealthWindow) -> dict[str, Any]:
    calls = window.calls
    return {
        "successes": calls.successes,
        "faults": calls.faults,
        "avg_latency_ms": milliseconds(calls.average_latency_seconds),
        "latency_count": calls.latency_count,
        "window_start": iso(window.begin),
        "window_end": iso(window.end),
        "window_seconds": window.end - window.begin,
    }


def _score(held: ProviderHealth) -> dict[str, Any]:
    rate, acceptable = held.health.success_rate, held.acceptable_seconds
    average = held.health.average_latency_seconds
    is_computed = held.health.status != "unknown" and rate is not None
    return {
        "formula": SCORE_FORMULA,
        "acceptable_latency_ms": milliseconds(acceptable),
        "success_rate": rate if is_computed else None,
        "latency_score": latency_score(average, acceptable) if is_computed else None,
        "value": held.health.score if is_computed else None,
    }


def _composite(held: ProviderHealth) -> dict[str, Any]:
    rate, average = held.health.success_rate, held.health.average_latency_seconds
    is_computed = held.health.status != "unknown" and rate is not None
    return {
        "formula": COMPOSITE_FORMULA,
        "availability": clamp(float(held.window.calls.successes)) if is_computed else None,
        "error_rate": 1.0 - rate if is_computed and rate is not None else None,
        "latency_01": latency_01(average) if is_computed else None,
        "value": held.health.composite,
    }


def _status(held: ProviderHealth) -> dict[str, Any]:
    is_known = held.health.status != "unknown"
    return {
        "healthy_at": HEALTHY_AT,
        "degraded_at": DEGRADED_AT,
        "minimum_samples": MINIMUM_SAMPLES,
        "stays_known_seconds": STAYS_KNOWN_SECONDS,
        "margin_points": edge_margin(held.window.standard_error_points) if is_known else None,
        "status_by_score_alone": status_of(held.health.score) if is_known else None,
        "is_held_by_margin": held.is_held_by_margin,
        "status_since": iso(held.status_since),
    }


def _window(window: HealthWindow) -> dict[str, Any]:
    return {
        "reason": window.reason,
        "published_minutes": WINDOW_MINUTES,
        "longest_minutes": LONGEST_MINUTES,
        "changed_at": None if window.changed_at is None else iso(window.changed_at),
        "change_evidence_needed": CHANGE_EVIDENCE,
        "standard_error_points": window.standard_error_points,
        "settled_below_points": SETTLED_POINTS,
    }
