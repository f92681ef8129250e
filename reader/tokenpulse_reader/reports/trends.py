"""How a provider's, or one model's, latency went hour by hour, pure."""

from typing import Any, Final

from tokenpulse_reader.reports.basis import basis
from tokenpulse_reader.reports.units import iso, milliseconds
from tokenpulse_shared.keyspace import stamp
from tokenpulse_shared.windows.series_window import Row, SeriesWindow

QUANTITIES: Final = ("latency",)
"""The sketches that are read."""
_PERCENTILES: Final = (50.0, 95.0, 99.0)


def latency_trends_json(window: SeriesWindow, hours: int) -> dict[str, Any]:
    """Return `/latency-trends/{provider}`: the hours that have data, oldest first, in milliseconds.

    Averages are exact, percentiles within 2.2 %.
    """
    whole = window.total()
    (overall_p95,) = whole.sketch("latency").quantiles((95.0,))
    return {
        "timestamp": iso(window.span.end),
        "provider": window.series.provider,
        "model": window.series.model,
        "hours": hours,
        "overall_avg_latency_ms": milliseconds(whole.mean_seconds("latency")),
        "overall_p95_latency_ms": milliseconds(overall_p95),
        "hourly_data": [_hour_json(row) for row in window.rows],
        **basis(window.coverage, window.corrupt_keys),
    }


def _hour_json(row: Row) -> dict[str, Any]:
    p50, p95, p99 = row.sketch("latency").quantiles(_PERCENTILES)
    return {
        "hour": stamp("hour", row.start),
        "avg_latency_ms": milliseconds(row.mean_seconds("latency")),
        "p50": milliseconds(p50),
        "p95_latency_ms": milliseconds(p95),
        "p99_latency_ms": milliseconds(p99),
        "avg_ttft_ms": milliseconds(row.mean_seconds("ttft")),
        "count": row.requests,
    }
