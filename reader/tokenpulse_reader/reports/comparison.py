"""Providers beside each other over the same window, pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tokenpulse_reader.reports.basis import basis
from tokenpulse_reader.reports.economy import known_cost_usd, known_requests, known_tokens, tokens_per_second
from tokenpulse_reader.reports.units import iso, milliseconds, ratio
from tokenpulse_shared.health.provider_health import ProviderHealth
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.windows.series_window import WindowTotal


def comparison_json(
    providers: Sequence[WindowTotal],
    models: Sequence[WindowTotal],
    health: Mapping[str, ProviderHealth],
    now: float,
    hours: int,
) -> dict[str, Any]:
    """Return `/providers/comparison`: those with most requests first, those without any too.

    `providers`: with the sketch of their latency. `models`: counters of every model, over the same window.
    """
    used = Counter(
        total.series.provider for total in models if total.row.requests and total.series.model != OTHER
    )
    ordered = sorted(providers, key=lambda total: (-total.row.requests, total.series.provider))
    return {
        "timestamp": iso(now),
        "hours": hours,
        "providers": [
            _provider_json(total, used[total.series.provider], health.get(total.series.provider))
            for total in ordered
        ],
        "total_providers": len(ordered),
        **basis(
            max((total.coverage for total in providers), default=0.0),
            sum(total.corrupt_keys for total in (*providers, *models)),
        ),
    }


def _provider_json(total: WindowTotal, unique_models: int, held: ProviderHealth | None) -> dict[str, Any]:
    row = total.row
    (p95,) = row.sketch("latency").quantiles((95.0,))
    return {
        "provider": total.series.provider,
        "total_requests": known_requests(row, row.requests),
        "successful_requests": known_requests(row, row.successes),
        "failed_requests": known_requests(row, row.failures),
        "success_rate": ratio(row.successes, row.requests),
        "avg_error_rate": ratio(row.failures, row.requests),
        "avg_latency_ms": milliseconds(row.mean_seconds("latency")),
        "p95_latency_ms": milliseconds(p95),
        "avg_ttft_ms": milliseconds(row.mean_seconds("ttft")),
        "total_cost": known_cost_usd(row),
        "unpriced_requests": known_requests(row, row.count("unpriced_requests")),
        "total_tokens": known_tokens(row),
        "tokens_per_second": tokens_per_second(row),
        "unique_models": known_requests(row, unique_models),
        "health_score": None if held is None else held.health.score,
        "health_status": None if held is None else held.health.status,
        **basis(total.coverage, total.corrupt_keys),
    }
