"""Answers built on windows of which little is known: whole bodies, null for what nobody measured."""

from tokenpulse_reader.reports.comparison import comparison_json
from tokenpulse_reader.reports.cost_analysis import cost_analysis_json
from tokenpulse_reader.reports.efficiency import efficiency_json
from tokenpulse_reader.reports.error_rates import error_rates_json
from tokenpulse_reader.reports.stats import hourly_json, realtime_json
from tokenpulse_reader.reports.trends import latency_trends_json
from tokenpulse_reader.reports.uptime import uptime_json
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.sketch import Sketch, bucket_index
from tokenpulse_shared.windows.series_window import Row, Series, SeriesWindow, WindowTotal
from tokenpulse_shared.windows.timespan import days_span, hours_span, minutes_span

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
TIMESTAMP = "2024-05-15T10:30:20.000+00:00"
UNTOLD = {"total_requests": 2, "failed_requests": 2, "unpriced_requests": 2, "usage:unknown": 2}


def total(provider: str, model: str | None, counters: dict[str, int], corrupt_keys: int = 0) -> WindowTotal:
    series = Series(provider, model)
    return WindowTotal(series=series, row=Row(0, counters), coverage=0.5, corrupt_keys=corrupt_keys)


def test_costs_nobody_knows_are_null() -> None:
    """Models without requests are left out; those whose cost is unknown come last."""
    span = days_span(NOW, 2)
    priced = {"total_requests": 1, "total_cost": 250_000_000}
    body = cost_analysis_json(
        [
            total("untold", "m", UNTOLD),
            total("p", "idle", {}),
            total("p", "untold", UNTOLD),
            total("p", "priced", priced, corrupt_keys=2),
        ],
        span,
    )

    unknown = {"total_cost": None, "total_requests": 2, "unpriced_requests": 2, "cost_per_request": None}
    known = {"total_cost": 0.25, "total_requests": 1, "unpriced_requests": 0, "cost_per_request": 0.25}
    assert body == {
        "timestamp": TIMESTAMP,
        "period_days": 2,
        "start_date": "2024-05-14",
        "end_date": "2024-05-15",
        "providers": {
            "p": {
                "total_cost": 0.25,
                "total_requests": 3,
                "unpriced_requests": 2,
                "cost_per_request": 0.25,
                "models": {"priced": known, "untold": unknown},
            },
            "untold": {**unknown, "models": {"m": unknown}},
        },
        "total_cost": 0.25,
        "total_requests": 5,
        "unpriced_requests": 4,
        "cost_per_request": 0.25,
        "coverage": 0.5,
        "corrupt_keys": 2,
    }
    assert list(body["providers"]) == ["p", "untold"]
    assert list(body["providers"]["p"]["models"]) == ["priced", "untold"]
    assert cost_analysis_json([], span)["providers"] == {}
    assert cost_analysis_json([], span)["coverage"] == 0.0


def test_a_provider_of_which_nothing_is_known_is_compared_too() -> None:
    """Its counts, and nulls; what is lumped under one name is no model."""
    body = comparison_json(
        [total("untold", None, UNTOLD)],
        [total("untold", "m", UNTOLD), total("untold", OTHER, UNTOLD), total("untold", "idle", {})],
        {},
        NOW,
        24,
    )

    assert body == {
        "timestamp": TIMESTAMP,
        "hours": 24,
        "providers": [
            {
                "provider": "untold",
                "total_requests": 2,
                "successful_requests": 0,
                "failed_requests": 2,
                "success_rate": 0.0,
                "avg_error_rate": 1.0,
                "avg_latency_ms": None,
                "p95_latency_ms": None,
                "avg_ttft_ms": None,
                "total_cost": None,
                "unpriced_requests": 2,
                "total_tokens": None,
                "tokens_per_second": None,
                "unique_models": 1,
                "health_score": None,
                "health_status": None,
                "coverage": 0.5,
            }
        ],
        "total_providers": 1,
        "coverage": 0.5,
    }
    assert comparison_json([], [], {}, NOW, 24)["coverage"] == 0.0


def test_efficiency_of_what_is_not_known_is_null() -> None:
    """No request, or none that told anything."""
    names = (
        "cost_per_token", "tokens_per_request", "cost_per_request", "avg_input_tokens", "avg_output_tokens",
        "output_input_ratio", "tokens_per_second", "generation_tokens_per_second",
    )  # fmt: skip
    for counters, sums in (({}, (None, None, None)), (UNTOLD, (None, None, 2))):
        body = efficiency_json(total("p", "m", counters), NOW, 7)

        assert (body["total_cost"], body["total_tokens"], body["total_requests"]) == sums
        assert [body[name] for name in names] == [None] * len(names)


def test_tokens_that_cost_nothing_are_free() -> None:
    """A known cost of 0 is no unknown one; no input at all has no ratio."""
    counters = {"total_requests": 2, "tokens_output": 10, "latency_us": 2_000_000}
    body = efficiency_json(total("p", "m", counters), NOW, 7)

    assert (body["cost_per_token"], body["cost_per_request"]) == (0.0, 0.0)
    assert (body["output_input_ratio"], body["tokens_per_second"]) == (None, 5.0)


def test_tokens_without_a_price_make_no_token_cheaper() -> None:
    """10 requests of 100 tokens, 4 of them priced at 0.20 USD: a token costs 0.002 USD, not 0.0008."""
    counters = {
        "total_requests": 10,
        "unpriced_requests": 6,
        "total_cost": 800_000_000,
        "tokens_input": 600,
        "tokens_output": 400,
    }
    body = efficiency_json(total("p", "m", counters), NOW, 7)

    assert (body["cost_per_request"], body["tokens_per_request"]) == (0.2, 100.0)
    assert body["cost_per_token"] == 0.002


def test_error_rates_without_requests() -> None:
    """There is nothing to take a part of."""
    assert error_rates_json([total("p", "idle", {})], NOW, 24) == {
        "timestamp": TIMESTAMP,
        "hours": 24,
        "models": {},
        "total_requests": None,
        "failed_requests": None,
        "overall_error_rate": None,
        "coverage": 0.5,
    }
    assert error_rates_json([], NOW, 24)["coverage"] == 0.0


def test_callers_faults_are_told_apart() -> None:
    """All of them failed, not all by the provider's fault."""
    counters = {
        "total_requests": 4,
        "successful_requests": 1,
        "outcome:caller_error": 2,
        "outcome:timeout": 1,
    }
    body = error_rates_json([total("p", "m", counters), total("q", "m", counters)], NOW, 24)

    assert body["models"]["m"] == {
        "total_requests": 8,
        "failed_requests": 6,
        "providers": ["p", "q"],
        "error_rate": 0.75,
        "by_type": {"timeout": 2, "rate_limit": 0, "network": 0, "other": 4},
        "by_outcome": {"caller_error": 4, "timeout": 2},
    }


def test_trends_of_requests_without_times() -> None:
    """The hour is told, its times are null."""
    span = hours_span(NOW, 3)
    window = SeriesWindow(series=Series("p", None), span=span, rows=(Row(span.starts[1], UNTOLD),))
    body = latency_trends_json(window, 3)

    assert (body["overall_avg_latency_ms"], body["overall_p95_latency_ms"]) == (None, None)
    assert body["hourly_data"] == [
        {
            "hour": "2024-05-15:09",
            "avg_latency_ms": None,
            "p50": None,
            "p95_latency_ms": None,
            "p99_latency_ms": None,
            "avg_ttft_ms": None,
            "count": 2,
        }
    ]


def test_an_idle_model_has_no_uptime() -> None:
    """Neither 0 nor 1: nothing tells."""
    window = SeriesWindow(series=Series("p", "m"), span=minutes_span(NOW, 30), rows=())
    body = uptime_json(window, total("p", "m", {"total_requests": 2, "outcome:caller_error": 2}))

    nothing = dict.fromkeys(("p50", "p75", "p90", "p99"))
    assert (body["uptime_5m"], body["uptime_30m"], body["uptime_24h"]) == (None, None, None)
    assert (body["requests_30m"], body["requests_24h"], body["coverage_30m"]) == (None, 2, 0.0)
    assert body["requests_5m"] is None
    assert body["latency_30m"] == body["ttft_30m"] == body["throughput_30m"] == nothing


def test_throughputs_rank_from_the_slow_end() -> None:
    """Of 200 streams two are fast: p99 is the fastest of the others; a time of nothing has no speed."""
    buckets = {bucket_index(0.02): 198, bucket_index(0.001): 2}
    rows = (Row(int(NOW) // 60 * 60, {}, {"tpot": Sketch(buckets)}),)
    window = SeriesWindow(series=Series("p", "m"), span=minutes_span(NOW, 30), rows=rows)
    instant = SeriesWindow(
        series=Series("p", "m"),
        span=minutes_span(NOW, 30),
        rows=(Row(int(NOW) // 60 * 60, {}, {"tpot": Sketch({bucket_index(0.0): 1})}),),
    )
    speeds = uptime_json(window, total("p", "m", {}))["throughput_30m"]

    assert all(abs(speed - 50.0) <= 50.0 * 0.0112 for speed in speeds.values())
    assert set(uptime_json(instant, total("p", "m", {}))["throughput_30m"].values()) == {None}


def test_statistics_of_what_no_request_told_are_null() -> None:
    """Requests without price or usage have no cost and no tokens, in the hour, the provider, the whole."""
    start = int(NOW // 3600 * 3600)
    window = SeriesWindow(series=Series("p", None), span=hours_span(NOW, 2), rows=(Row(start, UNTOLD),))
    names = ("tokens_input", "tokens_output", "total_cost", "total_requests", "unpriced_requests")
    realtime = realtime_json([window], {}, 2, NOW)
    (hour,) = hourly_json(window, 2)["data"].values()
    provider = realtime["providers"]["p"]

    for told in (hour, provider, provider["hourly_breakdown"]["2024-05-15:10"]):
        assert [told[name] for name in names] == [None, None, None, 2, 2]
    assert (hour["total_tokens"], provider["total_tokens"]) == (None, None)
    assert (realtime["total_cost"], realtime["total_tokens"], realtime["total_errors"]) == (None, None, 2)
