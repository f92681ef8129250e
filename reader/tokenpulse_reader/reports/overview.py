"""The whole fleet at a glance as the JSON of `/health/dashboard` and `/models/stats`, pure. Rates are 0–1."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from tokenpulse_reader.reports.basis import basis
from tokenpulse_reader.reports.economy import known_cost_usd, requests_with_usage
from tokenpulse_reader.reports.health import average_health_score
from tokenpulse_reader.reports.units import iso, milliseconds, ratio
from tokenpulse_shared.health.provider_health import ProviderHealth
from tokenpulse_shared.scoring import HealthStatus
from tokenpulse_shared.windows.series_window import WindowTotal

MODEL_HOURS: Final = 24
"""The window of `/models/stats`."""
_STATUSES: Final[tuple[HealthStatus, ...]] = ("healthy", "degraded", "unhealthy", "unknown")


def dashboard_json(healths: Sequence[ProviderHealth], computed_at: float) -> dict[str, Any]:
    """Return `/health/dashboard`; `availability` is 1 when calls succeed, 0 when none does, None when unknown."""
    statuses = [held.health.status for held in healths]
    return {
        "timestamp": iso(computed_at),
        "providers": [_provider_json(held) for held in healths],
        "summary": {
            "total_providers": len(healths),
            **{f"{status}_providers": statuses.count(status) for status in _STATUSES},
            "avg_health_score": average_health_score(list(healths)),
        },
        "system_status": system_status(statuses),
        "last_updated": iso(max((held.computed_at for held in healths), default=computed_at)),
        **basis(max((held.coverage for held in healths), default=0.0)),
    }


def system_status(statuses: Iterable[HealthStatus]) -> HealthStatus:
    """Return the fleet's status by those providers whose health is known.

    All healthy: `healthy`. All unhealthy: `unhealthy`. Anything between: `degraded`. None known: `unknown`.
    """
    known = {status for status in statuses if status != "unknown"}
    if not known:
        return "unknown"
    return known.pop() if len(known) == 1 else "degraded"


def _provider_json(held: ProviderHealth) -> dict[str, Any]:
    health = held.health
    rate = None if health.status == "unknown" else health.success_rate
    return {
        "name": held.provider,
        "status": health.status,
        "availability": None if rate is None else float(rate > 0),
        "error_rate": None if rate is None else 1.0 - rate,
        "health_score": health.score,
        "sample_count": health.sample_count,
        "avg_latency_ms": milliseconds(health.average_latency_seconds),
    }


def models_json(totals: Sequence[WindowTotal], computed_at: float) -> dict[str, Any]:
    """Return `/models/stats` by requests, the most used first; a model without any in the window is left out.

    `totals`: the last `MODEL_HOURS` of each model of each provider. `uptime_24h`: successes of those calls whose
    outcome says something of the provider.
    """
    used = [total for total in totals if total.row.requests]
    used.sort(key=lambda held: (-held.row.requests, held.series.provider, held.series.model or ""))
    return {
        "timestamp": iso(computed_at),
        "hours": MODEL_HOURS,
        "models": [_model_json(total) for total in used],
        "total_models": len(used),
        **basis(
            max((total.coverage for total in totals), default=0.0),
            sum(total.corrupt_keys for total in totals),
        ),
    }


def _model_json(total: WindowTotal) -> dict[str, Any]:
    row = total.row
    is_usage_known = requests_with_usage(row) > 0
    (p95,) = row.sketch("latency").quantiles((95.0,))
    return {
        "model": total.series.model,
        "provider": total.series.provider,
        "requests": row.requests,
        "success_rate": ratio(row.successes, row.requests),
        "avg_latency_ms": milliseconds(row.mean_seconds("latency")),
        "p95_latency_ms": milliseconds(p95),
        "avg_ttft_ms": milliseconds(row.mean_seconds("ttft")),
        "tokens_input": row.count("tokens_input") if is_usage_known else None,
        "tokens_output": row.count("tokens_output") if is_usage_known else None,
        "cost": known_cost_usd(row),
        "unpriced_requests": row.count("unpriced_requests"),
        "uptime_24h": ratio(row.successes, row.successes + row.faults),
    }
