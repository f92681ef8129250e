"""The columns of an export, pure: one row for each model in each window that has data."""

from collections.abc import Iterator
from typing import Any, Final

from tokenpulse_reader.reports.economy import known_cost_usd, requests_with_usage, tokens_per_second
from tokenpulse_reader.reports.hour_stats import error_breakdown
from tokenpulse_reader.reports.units import iso, milliseconds, ratio
from tokenpulse_shared.counters import USAGE_FIELDS
from tokenpulse_shared.keyspace import SECONDS_PER
from tokenpulse_shared.windows.series_window import Row, SeriesWindow

QUANTITIES: Final = ("latency", "ttft")
"""The sketches that are read."""
_PERCENTILES: Final = (50.0, 95.0, 99.0)
_TOKENS: Final = ("tokens_input", "tokens_output", "tokens_cached", "tokens_reasoning")

COLUMNS: Final = (
    *("window_start", "granularity", "provider", "model", "coverage"),
    *("total_requests", "successful_requests", "failed_requests", "success_rate"),
    *("errors_timeout", "errors_rate_limit", "errors_network", "errors_other"),
    *(*_TOKENS, "requests_without_usage", "total_cost_usd", "unpriced_requests", "tokens_per_second"),
    *("avg_latency_ms", "p50_latency_ms", "p95_latency_ms", "p99_latency_ms"),
    *("avg_ttft_ms", "p50_ttft_ms", "p95_ttft_ms", "p99_ttft_ms"),
)
"""In order. `coverage` is the part of the row's window that is over, 0–1. What is not known is None."""


def window_rows(window: SeriesWindow) -> Iterator[tuple[Any, ...]]:
    """Yield the values of `COLUMNS` for each window with requests, oldest first; days have no percentiles."""
    seconds = SECONDS_PER[window.span.granularity]
    for row in window.rows:
        if not row.requests:
            continue
        yield (
            iso(row.start),
            window.span.granularity,
            window.series.provider,
            window.series.model,
            round(min(1.0, (window.span.end - row.start) / seconds), 6),
            *(row.requests, row.successes, row.failures, ratio(row.successes, row.requests)),
            *error_breakdown(row).values(),
            *_tokens(row),
            *(row.count(USAGE_FIELDS["unknown"]), known_cost_usd(row), row.count("unpriced_requests")),
            tokens_per_second(row),
            *_times(row, "latency"),
            *_times(row, "ttft"),
        )


def _tokens(row: Row) -> list[int | None]:
    is_known = requests_with_usage(row) > 0
    return [row.count(name) if is_known else None for name in _TOKENS]


def _times(row: Row, quantity: str) -> list[float | None]:
    values = (row.mean_seconds(quantity), *row.sketch(quantity).quantiles(_PERCENTILES))
    return [milliseconds(value) for value in values]
