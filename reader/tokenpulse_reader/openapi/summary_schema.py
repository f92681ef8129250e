"""The schema of `/prometheus/metrics/summary`."""

from typing import Final

from tokenpulse_reader.openapi.shapes import (
    COUNT,
    MILLISECONDS,
    NUMBER,
    RATIO,
    TIMESTAMP,
    USD,
    an_object,
    maybe,
)

SUMMARY: Final = an_object(
    {
        "timestamp": TIMESTAMP,
        "metrics": an_object(
            {
                "http": an_object(
                    {
                        "total_requests": maybe(COUNT),
                        "request_rate_per_minute": maybe(NUMBER),
                        "error_rate": maybe(RATIO),
                        "avg_latency_ms": maybe(MILLISECONDS),
                        "in_progress": maybe(COUNT),
                    }
                ),
                "models": an_object(
                    {
                        "total_inference_requests": maybe(COUNT),
                        "tokens_used_total": maybe(COUNT),
                        "credits_used_total": maybe(USD),
                        "avg_inference_latency_ms": maybe(MILLISECONDS),
                    }
                ),
                "providers": an_object(
                    {
                        "total_providers": COUNT,
                        "healthy_providers": COUNT,
                        "degraded_providers": COUNT,
                        "unavailable_providers": COUNT,
                        "avg_error_rate": maybe(RATIO),
                        "avg_response_time_ms": maybe(MILLISECONDS),
                    }
                ),
                "database": an_object(
                    {
                        "total_queries": maybe(COUNT),
                        "avg_query_latency_ms": maybe(MILLISECONDS),
                        "cache_hit_rate": maybe(RATIO),
                    }
                ),
                "business": an_object(
                    {
                        "active_api_keys": maybe(COUNT),
                        "active_subscriptions": maybe(COUNT),
                        "active_trials": maybe(COUNT),
                        "total_tokens_used": maybe(COUNT),
                        "total_credits_used": maybe(USD),
                    }
                ),
            }
        ),
    }
)
