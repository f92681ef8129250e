"""Hours of models: the best of an hour, one over the hours."""

from typing import Any

import pytest

from tokenpulse_reader.reports.model_hours import TREND_METRICS, leaderboard_json, trend_json
from tokenpulse_shared.windows.series_window import Row, Series, SeriesWindow, WindowTotal
from tokenpulse_shared.windows.timespan import Span, hour_span, hours_span

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
HOUR = 1_715_767_200


def _window(span: Span, provider: str, model: str, *rows: Row) -> SeriesWindow:
    return SeriesWindow(series=Series(provider, model), span=span, rows=rows)


def _hour(provider: str, model: str, successes: int, faults: int = 0, **counters: int) -> WindowTotal:
    held = {
        "total_requests": successes + faults,
        "successful_requests": successes,
        "outcome:timeout": faults,
        **counters,
    }
    return _window(hour_span(HOUR, NOW), provider, model, Row(HOUR, held)).summed()


def _board(*totals: WindowTotal, order: str = "desc", limit: int = 10) -> dict[str, Any]:
    return leaderboard_json(totals, start=HOUR, order=order, limit=limit, acceptable_seconds=10.0)


MANY = (
    _hour("a", "best", 10),
    _hour("a", "worst", 1, 9),
    _hour("a", "new", 1),
    _hour("a", "shared", 5, 5),
    _hour("b", "shared", 15, 5),
    _hour("b", "often", 20),
)


def test_models_stand_by_score() -> None:
    """Over all their providers; of one score the most used first; too few calls stand last in either order."""
    best, worst = _board(*MANY), _board(*MANY, order="asc")

    assert [(held["model_id"], held["health_score"]) for held in best["models"]] == [
        ("often", 100.0),
        ("best", 100.0),
        ("shared", 76.67),
        ("worst", 37.0),
        ("new", 100.0),
    ]
    assert [held["model_id"] for held in worst["models"]] == ["worst", "shared", "often", "best", "new"]
    assert best["models"][-1]["status"] == "unknown"
    assert (best["time_bucket"], best["order"], best["limit"], best["total_models"]) == (
        "2024-05-15-10",
        "desc",
        10,
        5,
    )


def test_a_leaderboard_has_a_limit() -> None:
    body = _board(*MANY, limit=2)

    assert ([held["model_id"] for held in body["models"]], body["total_models"]) == (["often", "best"], 5)


def test_an_entry_tells_what_it_rests_on() -> None:
    timed = _hour("a", "m", 8, 2, ttft_us=500_000, ttft_count=2, latency_us=40_000_000, latency_count=10)

    assert _board(timed)["models"] == [
        {
            "model_id": "m",
            "health_score": 74.0,  # 100·(0.7·0.8 + 0.3·(1 − 4/10))
            "status": "degraded",
            "requests": 10,
            "success_rate": 80.0,
            "avg_ttft_ms": 250.0,
            "avg_total_time_ms": 4000.0,
        }
    ]


def test_an_hour_without_data_has_no_models() -> None:
    idle = _window(hour_span(HOUR, NOW), "a", "idle").summed()

    assert _board(idle)["models"] == []
    assert _board()["coverage"] == 0.0


@pytest.mark.parametrize(
    ("metric", "values"),
    [
        ("requests", [None, 6, 2]),
        ("success_rate", [None, 50.0, 100.0]),
        ("latency", [None, 2000.0, None]),
        ("ttft", [None, 250.0, None]),
        ("tokens", [None, 15, None]),
    ],
)
def test_a_trend_has_a_value_for_each_hour(metric: str, values: list[float | None]) -> None:
    """Oldest first, over all providers; an hour without data is None, so is what was not measured."""
    span = hours_span(NOW, 3)
    earlier = Row(
        HOUR - 3600,
        {
            "total_requests": 4, "successful_requests": 2, "latency_us": 8_000_000, "latency_count": 4,
            "ttft_us": 500_000, "ttft_count": 2, "tokens_input": 10, "tokens_output": 5, "usage:unknown": 1,
        },
    )  # fmt: skip
    windows = [
        _window(span, "a", "m", earlier, Row(HOUR, {"total_requests": 2, "successful_requests": 2, "usage:unknown": 2})),
        _window(span, "b", "m", Row(HOUR - 3600, {"total_requests": 2, "successful_requests": 1, "usage:unknown": 2})),
    ]  # fmt: skip
    body = trend_json("m", metric, span, windows)

    assert body["data_points"] == [
        {"time_bucket": f"2024-05-15-{hour:02}", "value": value}
        for hour, value in zip((8, 9, 10), values, strict=True)
    ]
    assert (body["model"], body["metric"], body["hours"]) == ("m", metric, 3)
    assert body["coverage"] == pytest.approx(5420 / 9020)


def test_every_metric_of_the_contract_is_there() -> None:
    assert TREND_METRICS == ("ttft", "requests", "success_rate", "latency", "tokens")
