"""Health as JSON, pure."""

from typing import Any

from tokenpulse_reader.reports.basis import basis
from tokenpulse_reader.reports.units import iso, milliseconds
from tokenpulse_shared.health.provider_health import ProviderHealth


def health_json(held: ProviderHealth) -> dict[str, Any]:
    """Return a provider's health: score 0–100, rate 0–1; `sample_count` says what they rest on.

    `source`: `leader` when every reader says the same, `local` when this one computed it for itself.
    """
    health = held.health
    return {
        "provider": held.provider,
        "health_score": health.score,
        "status": health.status,
        "last_updated": iso(held.computed_at),
        "sample_count": health.sample_count,
        "success_rate": health.success_rate,
        "avg_latency_ms": milliseconds(health.average_latency_seconds),
        "composite_score": health.composite,
        "source": held.source,
        **basis(held.coverage),
    }


def average_health_score(healths: list[ProviderHealth]) -> float | None:
    """Return the mean score of the providers whose health is known; None when none is."""
    scores = [held.health.score for held in healths if held.health.status != "unknown"]
    return round(sum(scores) / len(scores), 2) if scores else None
