"""The summary holds real numbers, and null where a number is not known."""

from dataclasses import replace

from tests.support.exposition_facts import facts
from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.summary import http_requests, summary_json
from tokenpulse_shared.scoring import compute_health
from tokenpulse_shared.totals.totals_records import Totals

EMPTY = Facts(totals=Totals(taken_at=0.0, providers={}, models=(), apps=(), redis=None))


def test_every_number_is_what_the_facts_say() -> None:
    """Reckoned by hand: 3 exchanges of 0.34 s, one a 500; 4 requests of 81.6 s; 100 + 50 tokens; 16 queries of 13.5 ms."""
    known = replace(
        facts(),
        health={
            "openai": compute_health(9, 1, 2.0),
            "down": compute_health(0, 10, 4.0),
            "quiet": compute_health(0, 0, None),
        },
    )

    assert summary_json(known, 12.34567) == {
        "http": {
            "total_requests": 3,
            "request_rate_per_minute": 12.346,
            "error_rate": 0.3333,
            "avg_latency_ms": 113.333,
            "in_progress": 2,
        },
        "models": {
            "total_inference_requests": 4,
            "tokens_used_total": 150,
            "credits_used_total": 0.003,
            "avg_inference_latency_ms": 20_400.0,
        },
        "providers": {
            "total_providers": 3,
            "healthy_providers": 1,
            "degraded_providers": 0,
            "unavailable_providers": 1,
            "avg_error_rate": 0.55,
            "avg_response_time_ms": 3_000.0,
        },
        "database": {"total_queries": 16, "avg_query_latency_ms": 0.844, "cache_hit_rate": 0.75},
        "business": {
            "active_api_keys": 12,
            "active_subscriptions": 7,
            "active_trials": 5,
            "total_tokens_used": 150,
            "total_credits_used": 0.003,
        },
    }


def test_what_is_not_known_is_null() -> None:
    """Never zero: only the number of providers is known to be none."""
    summary = summary_json(EMPTY, None)
    numbers = {name: value for part in summary.values() for name, value in part.items()}

    assert {name for name, value in numbers.items() if value is not None} == {
        "total_providers",
        "healthy_providers",
        "degraded_providers",
        "unavailable_providers",
    }
    assert http_requests(EMPTY) is None
