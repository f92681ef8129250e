"""Windows of series as the JSON of `/api/monitoring`, pure. Rates are 0–1, costs USD, times milliseconds.

Tokens and costs are sums of what is known, None when no request told them; how many requests are missing from them
stands beside.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tokenpulse_reader.reports.basis import basis
from tokenpulse_reader.reports.economy import known_cost_usd, known_count, known_requests, known_tokens
from tokenpulse_reader.reports.health import average_health_score
from tokenpulse_reader.reports.units import iso, milliseconds, ratio
from tokenpulse_shared.breath import Breath
from tokenpulse_shared.counters import SKETCHED, USAGE_FIELDS
from tokenpulse_shared.health.provider_health import ProviderHealth
from tokenpulse_shared.keyspace import stamp
from tokenpulse_shared.windows.series_window import Row, SeriesWindow, WindowTotal, merged

_PERCENTILES: Final = (50.0, 95.0, 99.0)


def _counts(row: Row) -> dict[str, Any]:
    return {
        "total_requests": known_requests(row, row.requests),
        "successful_requests": known_requests(row, row.successes),
        "failed_requests": known_requests(row, row.failures),
        "tokens_input": known_count(row, "tokens_input"),
        "tokens_output": known_count(row, "tokens_output"),
        "total_cost": known_cost_usd(row),
        "unpriced_requests": known_requests(row, row.count("unpriced_requests")),
        "requests_without_usage": known_requests(row, row.count(USAGE_FIELDS["unknown"])),
    }


def _latencies(row: Row) -> dict[str, float | None]:
    p50, p95, p99 = row.sketch("latency").quantiles(_PERCENTILES)
    return {
        "avg_latency_ms": milliseconds(row.mean_seconds("latency")),
        "p50_latency": milliseconds(p50),
        "p95_latency": milliseconds(p95),
        "p99_latency": milliseconds(p99),
    }


def row_json(row: Row) -> dict[str, Any]:
    """Return everything one row tells; None, each of it, when nothing happened in it."""
    return {
        **_counts(row),
        "success_rate": ratio(row.successes, row.requests),
        "error_rate": ratio(row.failures, row.requests),
        "total_tokens": known_tokens(row),
        **_latencies(row),
        **{f"avg_{quantity}_ms": milliseconds(row.mean_seconds(quantity)) for quantity in SKETCHED},
    }


def _provider_json(window: SeriesWindow, total: Row, health: ProviderHealth | None) -> dict[str, Any]:
    return {
        **row_json(total),
        "health_score": None if health is None else health.health.score,
        "health_status": None if health is None else health.health.status,
        "hourly_breakdown": {hour: _counts(row) for hour, row in window.by_hour().items()},
        **basis(window.coverage, window.corrupt_keys),
    }


def realtime_json(
    windows: Sequence[SeriesWindow], health: Mapping[str, ProviderHealth], hours: int, computed_at: float
) -> dict[str, Any]:
    """Return `/stats/realtime`; `windows`: one for each provider known, over the same span.

    Takes 0.5 ms for a provider's hour of minutes: for a thread, which lets others run between two providers.
    """
    breath = Breath()
    totals, providers = [], {}
    for window in windows:
        total, provider = window.total(), window.series.provider
        totals.append(total)
        providers[provider] = _provider_json(window, total, health.get(provider))
        breath()
    whole = merged(totals)
    return {
        "timestamp": iso(computed_at),
        "hours": hours,
        "providers": providers,
        "total_requests": known_requests(whole, whole.requests),
        "total_cost": known_cost_usd(whole),
        "total_tokens": known_tokens(whole),
        "total_errors": known_requests(whole, whole.failures),
        "error_rate": ratio(whole.failures, whole.requests),
        "success_rate": ratio(whole.successes, whole.requests),
        "avg_health_score": average_health_score(list(health.values())),
        **_latencies(whole),
        **basis(
            max((window.coverage for window in windows), default=0.0),
            sum(window.corrupt_keys for window in windows),
        ),
    }


def hourly_json(window: SeriesWindow, hours: int) -> dict[str, Any]:
    """Return `/stats/hourly/{provider}`: the hours that have data, newest first."""
    return {
        "provider": window.series.provider,
        "hours": hours,
        "data": {stamp("hour", row.start): row_json(row) for row in reversed(window.rows)},
        **basis(window.coverage, window.corrupt_keys),
    }


def _spread_json(row: Row, quantity: str, percentiles: Sequence[float]) -> dict[str, Any] | None:
    """Return a quantity's count, average, ends and percentiles in milliseconds; None when nothing was measured."""
    sketch = row.sketch(quantity)
    ends = sketch.extremes()
    if ends is None:
        return None
    average = row.mean_seconds(quantity)
    known = ends if average is None else (*ends, average)
    values = sketch.quantiles(tuple(percentiles))
    return {
        "count": sketch.count,
        "avg": milliseconds(average),
        "min": milliseconds(min(known)),
        "max": milliseconds(max(known)),
        **{
            f"p{percentile:.6f}".rstrip("0").rstrip("."): milliseconds(value)
            for percentile, value in zip(percentiles, values, strict=True)
        },
    }


def latency_json(
    total: WindowTotal, quantity: str, percentiles: Sequence[float], hours: int
) -> dict[str, Any] | None:
    """Return `/latency/{provider}/{model}` in milliseconds; None without data of `quantity`.

    Percentiles are nearest rank, `min` and `max` the ends of the sketch: all within 1.1 % of the exact value
    for windows up to 2 hours, within 2.2 % beyond. `avg` is exact, and lies between `min` and `max`.
    `by_metric` holds the same of every quantity, null for those not measured. Of `itl` it is tokens that are
    counted, of the others requests.
    """
    by_metric = {name: _spread_json(total.row, name, percentiles) for name in SKETCHED}
    asked = by_metric[quantity]
    if asked is None:
        return None
    return {
        "provider": total.series.provider,
        "model": total.series.model,
        "metric": quantity,
        "hours": hours,
        **asked,
        "by_metric": by_metric,
        **basis(total.coverage, total.corrupt_keys),
    }
