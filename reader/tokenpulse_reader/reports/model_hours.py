"""Hours of models as the JSON of `/api/metrics`: the best of an hour, one over the hours, pure. Rates are 0–100."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from tokenpulse_reader.reports.basis import basis
from tokenpulse_reader.reports.units import milliseconds, percent
from tokenpulse_shared.counters import USAGE_FIELDS
from tokenpulse_shared.keyspace import stamp
from tokenpulse_shared.scoring import Health, compute_health
from tokenpulse_shared.windows.series_window import Row, SeriesWindow, WindowTotal, merged
from tokenpulse_shared.windows.timespan import Span


def time_bucket(start: int) -> str:
    """Return the hour that begins at `start`, epoch seconds, as `/api/metrics` names it: `2026-11-21-01`."""
    return stamp("hour", start).replace(":", "-")


def _tokens(row: Row) -> int | None:
    if row.count(USAGE_FIELDS["unknown"]) == row.requests:
        return None
    return row.count("tokens_input") + row.count("tokens_output")


_TREND_VALUES: Final[dict[str, Callable[[Row], float | None]]] = {
    "ttft": lambda row: milliseconds(row.mean_seconds("ttft")),
    "requests": lambda row: row.requests,
    "success_rate": lambda row: percent(row.successes, row.requests),
    "latency": lambda row: milliseconds(row.mean_seconds("latency")),
    "tokens": _tokens,
}
TREND_METRICS: Final = tuple(_TREND_VALUES)


def leaderboard_json(
    totals: Iterable[WindowTotal],
    *,
    start: int,
    order: str,
    limit: int,
    acceptable_seconds: float,
) -> dict[str, Any]:
    """Return the models of one hour by health score, each over all its providers.

    `totals`: the hour that begins at `start`, of each model of each provider. `order`: `desc` or `asc`. A model with
    too few calls is `unknown`: its score reads 100 by convention, and it stands last in either order. Models of one
    score stand by requests, the most used first.
    """
    held = list(totals)
    by_model: dict[str, list[Row]] = {}
    for total in held:
        by_model.setdefault(total.series.model or "", []).append(total.row)
    ranked = [_Ranked(model, merged(rows), acceptable_seconds) for model, rows in by_model.items()]
    sign = -1.0 if order == "desc" else 1.0
    ranked = sorted((entry for entry in ranked if entry.row.requests), key=lambda entry: entry.rank(sign))
    return {
        "time_bucket": time_bucket(start),
        "order": order,
        "limit": limit,
        "models": [entry.as_json() for entry in ranked[:limit]],
        "total_models": len(ranked),
        **basis(
            max((total.coverage for total in held), default=0.0),
            sum(total.corrupt_keys for total in held),
        ),
    }


class _Ranked:
    """Hold a model's hour with the health it stands for."""

    def __init__(self, model: str, row: Row, acceptable_seconds: float) -> None:
        self.model = model
        self.row = row
        latency = row.mean_seconds("latency")
        self._health: Health = compute_health(row.successes, row.faults, latency, acceptable_seconds)

    def rank(self, sign: float) -> tuple[bool, float, int, str]:
        """Return what sorts it; `sign`: -1 for the best first."""
        return (
            self._health.status == "unknown",
            sign * self._health.score,
            -self.row.requests,
            self.model,
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "model_id": self.model,
            "health_score": self._health.score,
            "status": self._health.status,
            "requests": self.row.requests,
            "success_rate": percent(self.row.successes, self.row.requests),
            "avg_ttft_ms": milliseconds(self.row.mean_seconds("ttft")),
            "avg_total_time_ms": milliseconds(self.row.mean_seconds("latency")),
        }


def trend_json(model: str, metric: str, span: Span, windows: Sequence[SeriesWindow]) -> dict[str, Any]:
    """Return one value for each hour of the span, oldest first, over all providers of the model.

    An hour without a request has None; so has one in which nothing of the metric was measured. Times are
    milliseconds on average, tokens are input with output where usage is known.
    """
    rows: dict[int, list[Row]] = {}
    for window in windows:
        for row in window.rows:
            rows.setdefault(row.start, []).append(row)
    points = []
    for start in span.starts:
        row = merged(rows.get(start, ()))
        value = _TREND_VALUES[metric](row) if row.requests else None
        points.append({"time_bucket": time_bucket(start), "value": value})
    return {
        "model": model,
        "metric": metric,
        "hours": len(span.starts),
        "data_points": points,
        **basis(
            max((window.coverage for window in windows), default=0.0),
            sum(window.corrupt_keys for window in windows),
        ),
    }
