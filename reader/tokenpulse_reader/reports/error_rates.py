"""How often requests to each model fail, over all its providers, pure."""

from collections.abc import Sequence
from typing import Any

from tokenpulse_reader.reports.basis import basis
from tokenpulse_reader.reports.hour_stats import error_breakdown
from tokenpulse_reader.reports.units import iso, ratio
from tokenpulse_shared.counters import OUTCOME_FIELDS
from tokenpulse_shared.windows.series_window import Row, WindowTotal


def error_rates_json(totals: Sequence[WindowTotal], now: float, hours: int) -> dict[str, Any]:
    """Return `/error-rates`; `totals`: of every model of every provider.

    Models by rate, highest first, those without requests left out; counts are None when all are. `failed_requests` is
    every request that is not a success, `by_type` adds up to it; `by_outcome` tells whose fault it was.
    """
    rows: dict[str, Row] = {}
    providers: dict[str, list[str]] = {}
    for total in totals:
        if total.row.requests:
            model = str(total.series.model)
            rows.setdefault(model, Row(0)).absorb(total.row)
            providers.setdefault(model, []).append(total.series.provider)
    ordered = sorted(rows, key=lambda model: (-rows[model].failures / rows[model].requests, model))
    requests = sum(row.requests for row in rows.values())
    failures = sum(row.failures for row in rows.values())
    return {
        "timestamp": iso(now),
        "hours": hours,
        "models": {model: _model_json(rows[model], sorted(providers[model])) for model in ordered},
        "total_requests": requests or None,
        "failed_requests": failures if requests else None,
        "overall_error_rate": ratio(failures, requests),
        **basis(
            max((total.coverage for total in totals), default=0.0),
            sum(total.corrupt_keys for total in totals),
        ),
    }


def _model_json(row: Row, providers: list[str]) -> dict[str, Any]:
    outcomes = {outcome: row.count(field) for outcome, field in OUTCOME_FIELDS.items()}
    return {
        "total_requests": row.requests,
        "failed_requests": row.failures,
        "providers": providers,
        "error_rate": ratio(row.failures, row.requests),
        "by_type": error_breakdown(row),
        "by_outcome": {outcome: n for outcome, n in outcomes.items() if n and outcome != "success"},
    }
