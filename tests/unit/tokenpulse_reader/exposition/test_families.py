"""Each metric says what the facts say, and nothing where they say nothing."""

import pytest

from tests.support.exposition_facts import facts
from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.families import COLLECTORS
from tokenpulse_reader.exposition.families_http import status_class
from tokenpulse_reader.exposition.rows import Row, SummaryTotals
from tokenpulse_shared.totals.totals_records import HistogramTotals, Totals

ROUTE = ("GET", "/items/{id}")
MODEL = ("openai", "openai/gpt-4o")
EXPECTED: dict[str, list[Row]] = {
    "fastapi_requests_total": [(("shop", *ROUTE, "200", "2xx"), 2), (("shop", *ROUTE, "500", "5xx"), 1)],
    "fastapi_requests_in_progress": [(("shop", *ROUTE), 2)],
    "fastapi_exceptions_total": [(("shop", "ValueError"), 1)],
    "fastapi_app_info": [(("shop", "0.1.0"), 1)],
    "http_requests_total": [((*ROUTE, "200", "2xx"), 2), ((*ROUTE, "500", "5xx"), 1)],
    "model_inference_requests_total": [((*MODEL, "success"), 3), ((*MODEL, "error"), 1)],
    "tokens_used_total": [((*MODEL, "input"), 100), ((*MODEL, "output"), 50)],
    "gatewayz_token_count_source_total": [
        ((*MODEL, "reported"), 3),
        ((*MODEL, "partial"), 0),
        ((*MODEL, "estimated"), 0),
        ((*MODEL, "unknown"), 1),
    ],
    "gatewayz_token_efficiency": [(("openai/gpt-4o",), 0.5)],
    "gatewayz_model_uptime_24h": [(("openai/gpt-4o",), 0.9)],
    "tokenpulse_finish_reasons_total": [((*MODEL, "length"), 1), ((*MODEL, "stop"), 2)],
    "tokenpulse_errors_by_type_total": [((*MODEL, "timeout"), 1)],
    "tokenpulse_cache_write_tokens_total": [(MODEL, 20)],
    "tokenpulse_inter_token_seconds_total": [(MODEL, 0.75)],
    "tokenpulse_inter_token_tokens_total": [(MODEL, 48)],
    "tokenpulse_send_wait_seconds_total": [(MODEL, 0.0025)],
    "credits_used_total": [(MODEL, 0.003)],
    "gatewayz_api_cost_usd_total": [(MODEL, 0.003)],
    "gatewayz_cost_by_provider": [(("openai",), 0.0025)],
    "gatewayz_cost_by_provider_total": [(("openai",), 0.003)],
    "provider_availability": [(("openai",), 1)],
    "provider_error_rate": [(("openai",), 0.1)],
    "provider_slow_requests_total": [
        ((*MODEL, "slow"), 1),
        ((*MODEL, "very_slow"), 1),
        ((*MODEL, "critical"), 0),
    ],
    "gatewayz_provider_health_score": [(("openai",), 0.97)],
    "provider_health_score": [(("openai",), 87.0)],
    "health_score": [(("openai",), 87.0)],
    "circuit_breaker_current_state": [
        (("openai", "closed"), 0),
        (("openai", "open"), 1),
        (("openai", "half_open"), 0),
    ],
    "circuit_breaker_state_transitions_total": [
        (("openai", "closed", "open"), 2),
        (("openai", "open", "half_open"), 1),
    ],
    "circuit_breaker_failures_total": [(("openai", "closed"), 10)],
    "circuit_breaker_successes_total": [(("openai", "closed"), 90), (("openai", "half_open"), 1)],
    "circuit_breaker_rejected_requests_total": [(("openai",), 4)],
    "gatewayz_detected_anomalies": [
        (("cost_spike",), 0),
        (("latency_spike",), 0),
        (("high_error_rate",), 2),
        (("traffic_drop",), 0),
        (("ttft_spike",), 0),
        (("error_surge",), 2),
        (("unusual_pattern",), 0),
    ],
    "gatewayz_detected_anomalies_total": [
        (("cost_spike",), 1),
        (("latency_spike",), 0),
        (("high_error_rate",), 3),
        (("traffic_drop",), 0),
        (("ttft_spike",), 0),
        (("error_surge",), 3),
        (("unusual_pattern",), 0),
    ],
    "trial_active": [(("active",), 5)],
    "active_api_keys": [(("active",), 12), (("revoked",), 3)],
    "active_connections": [],
    "subscription_count": [(("pro", "monthly"), 7)],
    "database_queries_total": [
        (("batches", "apply"), 6),
        (("server", "time"), 2),
        (("totals", "hgetall"), 8),
    ],
    "database_query_duration_seconds": [
        (("batches",), SummaryTotals(6, 9_000)),
        (("server",), SummaryTotals(2, 500)),
        (("totals",), SummaryTotals(8, 4_000)),
    ],
    "cache_hits_total": [(("snapshot",), 30)],
    "cache_misses_total": [(("snapshot",), 10)],
    "aggregation_task_errors_total": [((), 1)],
    "redis_up": [((), 1)],
    "redis_memory_used_bytes": [((), 1_024)],
    "redis_memory_max_bytes": [],
    "redis_keyspace_hits_total": [((), 5)],
    "redis_db_keys": [(("0",), 12)],
    "tokenpulse_flushes_total": [(("shop",), 7)],
    "tokenpulse_gap_batches_total": [],
    "tokenpulse_faults_total": [(("shop", "usage_rejected"), 2)],
    "tokenpulse_internal_errors_total": [(("shop", "observe"), 1)],
    "tokenpulse_flush_failures_total": [(("shop", "timed_out"), 3)],
    "tokenpulse_unrecoverable_observations_total": [(("shop",), 6)],
    "tokenpulse_admission_overflow_total": [(("shop", "model"), 4)],
    "tokenpulse_internal_total": [(("shop", "novel"), 9)],
    "tokenpulse_writers": [(("shop",), 1)],
    "tokenpulse_writer_pending_batches": [(("shop", "alive"), 3)],
    "tokenpulse_writer_pending_observations": [(("shop", "alive"), 7)],
    "tokenpulse_writer_staleness_seconds": [(("shop", "alive"), 5.5)],
    "tokenpulse_writer_clock_offset_seconds": [(("shop", "alive"), -1.5)],
    "tokenpulse_writer_last_flush_timestamp_seconds": [(("shop", "alive"), 999.5)],
    "tokenpulse_corrupt_keys": [((), 0)],
    "tokenpulse_snapshot_age_seconds": [((), 0.0)],
}
COUNT_AND_SUM: dict[str, list[tuple[tuple[str, ...], int, int]]] = {
    "fastapi_requests_duration_seconds": [(("shop", *ROUTE), 3, 340_000)],
    "fastapi_request_size_bytes": [(("shop", *ROUTE), 3, 150)],
    "fastapi_response_size_bytes": [(("shop", *ROUTE), 3, 150)],
    "http_request_duration_seconds": [
        ((*ROUTE, "200", "2xx"), 2, 40_000),
        ((*ROUTE, "500", "5xx"), 1, 300_000),
    ],
    "model_inference_duration_seconds": [(MODEL, 4, 81_600_000)],
    "time_to_first_chunk_seconds": [(MODEL, 2, 400_000)],
    "backend_ttfb_seconds": [((*MODEL, "/v1/chat/completions"), 3, 600_000)],
    "streaming_duration_seconds": [],
    "tokenpulse_time_per_output_token_seconds": [(MODEL, 2, 30_000)],
    "gatewayz_api_cost_per_request_usd": [(MODEL, 3, 3_000_000)],
    "gatewayz_cost_per_1k_tokens_usd": [(MODEL, 3, 60_000_000)],
    "provider_response_time_seconds": [(("openai",), 4, 81_600_000)],
    "provider_response_duration_seconds": [
        ((*MODEL, "success"), 3, 31_600_000),
        ((*MODEL, "error"), 1, 50_000_000),
    ],
}
ALWAYS = {
    "redis_up",
    "tokenpulse_corrupt_keys",
    "tokenpulse_unreadable_fields",
    "tokenpulse_snapshot_age_seconds",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_rows(name: str) -> None:
    """The rows are exactly these, in this order."""
    assert list(COLLECTORS[name](facts())) == EXPECTED[name]


@pytest.mark.parametrize("name", COUNT_AND_SUM)
def test_histogram_rows(name: str) -> None:
    """Each histogram has the right number of values, the right sum."""
    rows = [
        (labels, value.value_count, value.sum)
        for labels, value in COLLECTORS[name](facts())
        if isinstance(value, HistogramTotals)
    ]

    assert rows == COUNT_AND_SUM[name]


def test_an_empty_store_gives_no_samples_but_what_is_known_of_the_reader() -> None:
    """No data is no sample, never a zero."""
    empty = Facts(totals=Totals(taken_at=0.0, providers={}, models=(), apps=(), redis=None))

    assert {name for name, collect in COLLECTORS.items() if list(collect(empty))} == ALWAYS


def test_two_apps_add_up_in_the_metrics_without_app_name() -> None:
    """http_* are over all apps."""
    one = facts()
    two = Facts(
        totals=Totals(taken_at=1_005.0, providers={}, models=(), apps=one.totals.apps * 2, redis=None)
    )

    assert list(COLLECTORS["http_requests_total"](two)) == [
        ((*ROUTE, "200", "2xx"), 4),
        ((*ROUTE, "500", "5xx"), 2),
    ]
    assert [
        (labels, value.value_count)
        for labels, value in COLLECTORS["http_request_duration_seconds"](two)
        if isinstance(value, HistogramTotals)
    ] == [((*ROUTE, "200", "2xx"), 4), ((*ROUTE, "500", "5xx"), 2)]


@pytest.mark.parametrize(
    ("status", "expected"),
    [("200", "2xx"), ("404", "4xx"), ("599", "5xx"), ("", "unknown"), ("20", "unknown"), ("abc", "unknown")],
)
def test_status_class(status: str, expected: str) -> None:
    """A status that is none has a class of its own."""
    assert status_class(status) == expected
