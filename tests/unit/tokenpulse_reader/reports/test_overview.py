"""The whole fleet at a glance."""

import pytest

from tokenpulse_reader.reports.overview import dashboard_json, models_json, system_status
from tokenpulse_shared.health.health_calls import Minute
from tokenpulse_shared.health.provider_health import ProviderHealth, assess
from tokenpulse_shared.scoring import HealthStatus
from tokenpulse_shared.sketch import Sketch, bucket_index
from tokenpulse_shared.windows.series_window import Row, Series, SeriesWindow, WindowTotal
from tokenpulse_shared.windows.timespan import hours_span

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC


@pytest.mark.parametrize(
    ("statuses", "whole"),
    [
        ([], "unknown"),
        (["unknown"], "unknown"),
        (["healthy", "unknown"], "healthy"),
        (["unhealthy", "unhealthy", "unknown"], "unhealthy"),
        (["degraded"], "degraded"),
        (["healthy", "degraded"], "degraded"),
        (["healthy", "unhealthy"], "degraded"),
    ],
)
def test_the_fleet_is_as_well_as_those_that_are_known(statuses: list[HealthStatus], whole: str) -> None:
    assert system_status(statuses) == whole


def test_without_providers_nothing_is_known() -> None:
    body = dashboard_json([], NOW)

    assert body == {
        "timestamp": "2024-05-15T10:30:20.000+00:00",
        "providers": [],
        "summary": {
            "total_providers": 0,
            "healthy_providers": 0,
            "degraded_providers": 0,
            "unhealthy_providers": 0,
            "unknown_providers": 0,
            "avg_health_score": None,
        },
        "system_status": "unknown",
        "last_updated": "2024-05-15T10:30:20.000+00:00",
        "coverage": 0.0,
    }


def _total(provider: str, model: str, **counters: int) -> WindowTotal:
    span = hours_span(NOW, 24)
    rows = (Row(span.begin, counters, {"latency": Sketch({bucket_index(2.0): 4})}),) if counters else ()
    return SeriesWindow(series=Series(provider, model), span=span, rows=rows).summed()


def test_models_stand_by_requests() -> None:
    """Those without any are left out; what is not known of them is None."""
    body = models_json(
        [
            _total("a", "idle"),
            _total("a", "small", total_requests=4, successful_requests=1, **{"usage:unknown": 4}, unpriced_requests=4),
            _total(
                "b", "big", total_requests=8, successful_requests=6, tokens_input=10, tokens_output=5,
                total_cost=2_500_000_000, latency_us=16_000_000, latency_count=8, ttft_us=1_000_000, ttft_count=2,
                **{"outcome:timeout": 1, "outcome:caller_error": 1},
            ),
        ],
        NOW,
    )  # fmt: skip

    assert [held["model"] for held in body["models"]] == ["big", "small"]
    assert body["models"][0] == {
        "model": "big",
        "provider": "b",
        "requests": 8,
        "success_rate": 0.75,
        "avg_latency_ms": 2000.0,
        "p95_latency_ms": pytest.approx(2000.0, rel=0.011),
        "avg_ttft_ms": 500.0,
        "tokens_input": 10,
        "tokens_output": 5,
        "cost": 2.5,
        "unpriced_requests": 0,
        "uptime_24h": 6 / 7,
    }
    small = body["models"][1]
    assert [small[name] for name in ("tokens_input", "tokens_output", "cost", "avg_latency_ms")] == [None] * 4
    assert (body["total_models"], body["hours"], body["coverage"]) == (2, 24, 1.0)


def test_availability_is_whether_calls_succeed() -> None:
    """None where too few calls tell."""
    minute = int(NOW) // 60 * 60

    def held(provider: str, successes: int, faults: int) -> ProviderHealth:
        calls = Minute(minute, successes, faults, 0, 0)
        return assess(provider, [calls], NOW, acceptable_seconds=10.0)

    body = dashboard_json([held("dead", 0, 10), held("new", 1, 0), held("well", 15, 5)], NOW)

    assert [
        (one["name"], one["status"], one["availability"], one["error_rate"]) for one in body["providers"]
    ] == [("dead", "unhealthy", 0.0, 1.0), ("new", "unknown", None, None), ("well", "healthy", 1.0, 0.25)]
    assert body["system_status"] == "degraded"
    assert 0.0 < body["coverage"] <= 1.0
