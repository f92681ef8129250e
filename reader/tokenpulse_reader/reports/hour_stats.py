"""One hour of a model, a provider or a gateway as the JSON of `/api/metrics`, pure. Rates are 0–100."""

from collections.abc import Sequence
from typing import Any, Final

from tokenpulse_reader.reports.basis import basis
from tokenpulse_reader.reports.economy import known_requests
from tokenpulse_reader.reports.units import milliseconds, percent
from tokenpulse_shared.counters import OUTCOME_FIELDS
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.records import ERROR_CLASSES
from tokenpulse_shared.windows.gateway_reader import GatewayHour
from tokenpulse_shared.windows.series_window import Row, SeriesWindow, merged

TOP_MODELS: Final = 10


def error_breakdown(row: Row) -> dict[str, int | None]:
    """Return failures by the four classic types; they add up to all failures. None, each, without requests."""
    named = {kind: row.count(OUTCOME_FIELDS[outcome]) for outcome, kind in ERROR_CLASSES.items()}
    ordered = {kind: named[kind] for kind in ("timeout", "rate_limit", "network")}
    whole = {**ordered, "other": row.failures - sum(ordered.values())}
    return {kind: known_requests(row, count) for kind, count in whole.items()}


def model_hour_json(model: str, time_bucket: str, windows: Sequence[SeriesWindow]) -> dict[str, Any]:
    """Return a model's hour; `windows`: one for each provider that serves it."""
    row = merged(window.total() for window in windows)
    return {
        "model": model,
        "time_bucket": time_bucket,
        "requests": known_requests(row, row.requests),
        "success_count": known_requests(row, row.successes),
        "error_count": known_requests(row, row.failures),
        "success_rate": percent(row.successes, row.requests),
        "avg_ttft_ms": milliseconds(row.mean_seconds("ttft")),
        "avg_total_time_ms": milliseconds(row.mean_seconds("latency")),
        "error_breakdown": error_breakdown(row),
        **basis(
            max((window.coverage for window in windows), default=0.0),
            sum(window.corrupt_keys for window in windows),
        ),
    }


def provider_hour_json(
    whole: SeriesWindow, models: Sequence[SeriesWindow], time_bucket: str
) -> dict[str, Any]:
    """Return a provider's hour; `models`: the hour of each of its models. `__other__` is a row, but no model."""
    row = whole.total()
    counted = [(window.series.model, window.total().requests) for window in models]
    used = sorted(((model, count) for model, count in counted if count), key=lambda pair: (-pair[1], pair[0]))
    return {
        "provider": whole.series.provider,
        "time_bucket": time_bucket,
        "total_requests": known_requests(row, row.requests),
        "total_models": known_requests(row, sum(model != OTHER for model, _ in used)),
        "avg_success_rate": percent(row.successes, row.requests),
        "avg_ttft_ms": milliseconds(row.mean_seconds("ttft")),
        "top_models": [{"model_id": model, "requests": count} for model, count in used[:TOP_MODELS]],
        "error_distribution": error_breakdown(row),
        **basis(whole.coverage, sum(window.corrupt_keys for window in (whole, *models))),
    }


def gateway_hour_json(hour: GatewayHour, time_bucket: str) -> dict[str, Any]:
    """Return a gateway's hour; an hour without requests tells nothing."""
    is_known = hour.success + hour.errors > 0
    return {
        "gateway": hour.gateway,
        "time_bucket": time_bucket,
        "success": hour.success if is_known else None,
        "errors": hour.errors if is_known else None,
        "avg_response_time_ms": milliseconds(hour.average_latency_seconds),
        "model_count": hour.model_count if is_known else None,
        **basis(float(is_known)),
    }
