"""Operations of `/api/monitoring` that look at all providers at once over hours or days."""

from typing import Final

from tokenpulse_reader.openapi.operation import Operation, Schema
from tokenpulse_reader.openapi.parts import BASIS, days, fresh, hours
from tokenpulse_reader.openapi.shapes import (
    COUNT,
    DAY,
    MILLISECONDS,
    NUMBER,
    RATIO,
    SCORE,
    STAMPED_HOUR,
    STATUS,
    TEXT,
    TIMESTAMP,
    USD,
    an_object,
    joined,
    listed,
    mapped,
    maybe,
    one_of,
)
from tokenpulse_reader.posts.measurements import ERROR_TYPES
from tokenpulse_shared.records import OUTCOMES

_TAG: Final = "monitoring"

COST: Final[Schema] = an_object(
    {
        "total_cost": maybe(USD),
        "total_requests": maybe(COUNT),
        "unpriced_requests": maybe(COUNT),
        "cost_per_request": maybe(USD),
    }
)
_COMPARED: Final[Schema] = joined(
    an_object(
        {
            "provider": TEXT,
            "total_requests": maybe(COUNT),
            "successful_requests": maybe(COUNT),
            "failed_requests": maybe(COUNT),
            "success_rate": maybe(RATIO),
            "avg_error_rate": maybe(RATIO),
            "avg_latency_ms": maybe(MILLISECONDS),
            "p95_latency_ms": maybe(MILLISECONDS),
            "avg_ttft_ms": maybe(MILLISECONDS),
            "total_cost": maybe(USD),
            "unpriced_requests": maybe(COUNT),
            "total_tokens": maybe(COUNT),
            "tokens_per_second": maybe(NUMBER),
            "unique_models": maybe(COUNT),
            "health_score": maybe(SCORE),
            "health_status": maybe(STATUS),
        }
    ),
    BASIS,
)
_ANOMALY: Final[Schema] = an_object(
    {
        "type": one_of("cost_spike", "latency_spike", "high_error_rate", "traffic_drop", "ttft_spike"),
        "provider": TEXT,
        "model": maybe(TEXT),
        "hour": STAMPED_HOUR,
        "value": NUMBER,
        "expected": NUMBER,
        "unit": one_of("usd", "ms", "ratio", "requests"),
        "severity": one_of("warning", "critical"),
        "message": TEXT,
    }
)
_FAILING: Final[Schema] = an_object(
    {
        "total_requests": COUNT,
        "failed_requests": COUNT,
        "providers": listed(TEXT),
        "error_rate": maybe(RATIO),
        "by_type": an_object(dict.fromkeys(ERROR_TYPES, COUNT)),
        "by_outcome": mapped(COUNT, keys=one_of(*OUTCOMES[1:])),
    }
)

OPERATIONS: Final = (
    Operation(
        path="/api/monitoring/providers/comparison",
        summary="Providers beside each other, those with most requests first",
        tag=_TAG,
        parameters=(hours(24, 168),),
        answers=fresh(
            joined(
                an_object(
                    {
                        "timestamp": TIMESTAMP,
                        "hours": COUNT,
                        "providers": listed(_COMPARED),
                        "total_providers": COUNT,
                    }
                ),
                BASIS,
            )
        ),
    ),
    Operation(
        path="/api/monitoring/anomalies",
        summary="Hours in which a provider was not as usual, newest first",
        tag=_TAG,
        parameters=(hours(24, 168),),
        answers=fresh(
            joined(
                an_object(
                    {
                        "timestamp": TIMESTAMP,
                        "hours": COUNT,
                        "anomalies": listed(_ANOMALY),
                        "total_count": maybe(COUNT),
                        "critical_count": maybe(COUNT),
                        "warning_count": maybe(COUNT),
                    }
                ),
                BASIS,
            )
        ),
    ),
    Operation(
        path="/api/monitoring/cost-analysis",
        summary="What providers and their models cost, the dearest first",
        tag=_TAG,
        about="Days of the calendar in UTC, today among them.",
        parameters=(days(7, 90),),
        answers=fresh(
            joined(
                an_object(
                    {
                        "timestamp": TIMESTAMP,
                        "period_days": COUNT,
                        "start_date": DAY,
                        "end_date": DAY,
                        "providers": mapped(joined(COST, an_object({"models": mapped(COST)}))),
                    }
                ),
                COST,
                BASIS,
            )
        ),
    ),
    Operation(
        path="/api/monitoring/error-rates",
        summary="How often requests to each model fail, the worst first",
        tag=_TAG,
        parameters=(hours(24, 168),),
        answers=fresh(
            joined(
                an_object(
                    {
                        "timestamp": TIMESTAMP,
                        "hours": COUNT,
                        "models": mapped(_FAILING),
                        "total_requests": maybe(COUNT),
                        "failed_requests": maybe(COUNT),
                        "overall_error_rate": maybe(RATIO),
                    }
                ),
                BASIS,
            )
        ),
    ),
)
