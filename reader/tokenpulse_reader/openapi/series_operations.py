"""Operations of `/api/monitoring` that look at one provider or one of its models."""

from typing import Final

from tokenpulse_reader.openapi.operation import Operation, Schema
from tokenpulse_reader.openapi.parts import BASIS, MODEL, PROVIDER, UNKNOWN_THING, days, fresh, hours, query
from tokenpulse_reader.openapi.shapes import (
    COUNT,
    MILLISECONDS,
    NUMBER,
    RATIO,
    STAMPED_HOUR,
    TEXT,
    TIMESTAMP,
    USD,
    an_object,
    joined,
    listed,
    maybe,
)

_TAG: Final = "monitoring"
_PERCENTILES: Final = ("p50", "p75", "p90", "p99")
_TIMES: Final[Schema] = an_object({name: maybe(MILLISECONDS) for name in _PERCENTILES})
_SPEEDS: Final[Schema] = an_object(
    {name: maybe({**NUMBER, "description": "output tokens a second"}) for name in _PERCENTILES}
)

_HOUR: Final[Schema] = an_object(
    {
        "hour": STAMPED_HOUR,
        "avg_latency_ms": maybe(MILLISECONDS),
        "p50": maybe(MILLISECONDS),
        "p95_latency_ms": maybe(MILLISECONDS),
        "p99_latency_ms": maybe(MILLISECONDS),
        "avg_ttft_ms": maybe(MILLISECONDS),
        "count": COUNT,
    }
)
_TRENDS: Final[Schema] = joined(
    an_object(
        {
            "timestamp": TIMESTAMP,
            "provider": TEXT,
            "model": maybe(TEXT),
            "hours": COUNT,
            "overall_avg_latency_ms": maybe(MILLISECONDS),
            "overall_p95_latency_ms": maybe(MILLISECONDS),
            "hourly_data": listed(_HOUR),
        }
    ),
    BASIS,
)
_EFFICIENCY: Final[Schema] = joined(
    an_object(
        {
            "timestamp": TIMESTAMP,
            "provider": TEXT,
            "model": TEXT,
            "days": COUNT,
            "total_cost": maybe(USD),
            "total_tokens": maybe(COUNT),
            "total_requests": maybe(COUNT),
            "unpriced_requests": maybe(COUNT),
            "requests_without_usage": maybe(COUNT),
            "cost_per_token": maybe(USD),
            "tokens_per_request": maybe(NUMBER),
            "cost_per_request": maybe(USD),
            "avg_input_tokens": maybe(NUMBER),
            "avg_output_tokens": maybe(NUMBER),
            "output_input_ratio": maybe(NUMBER),
            "tokens_per_second": maybe(NUMBER),
            "generation_tokens_per_second": maybe(NUMBER),
        }
    ),
    BASIS,
)
_UPTIME: Final[Schema] = joined(
    an_object(
        {
            "timestamp": TIMESTAMP,
            "provider": TEXT,
            "model": TEXT,
            "uptime_5m": maybe(RATIO),
            "uptime_30m": maybe(RATIO),
            "uptime_24h": maybe(RATIO),
            "requests_5m": maybe(COUNT),
            "requests_30m": maybe(COUNT),
            "requests_24h": maybe(COUNT),
            "latency_30m": _TIMES,
            "ttft_30m": _TIMES,
            "throughput_30m": _SPEEDS,
            "units": an_object(dict.fromkeys(("latency_30m", "ttft_30m", "throughput_30m"), TEXT)),
            "coverage_30m": RATIO,
        }
    ),
    BASIS,
)

OPERATIONS: Final = (
    Operation(
        path="/api/monitoring/latency-trends/{provider}",
        summary="A provider's latency hour by hour, oldest first",
        tag=_TAG,
        parameters=(
            PROVIDER,
            hours(24, 168),
            query("model", TEXT, "one of its models; without it all of them together"),
        ),
        answers=fresh(_TRENDS),
        statuses=UNKNOWN_THING,
    ),
    Operation(
        path="/api/monitoring/token-efficiency/{provider}/{model}",
        summary="What a model's tokens cost, how fast they come",
        tag=_TAG,
        about="Days of the calendar in UTC, today among them.",
        parameters=(PROVIDER, MODEL, days(7, 90)),
        answers=fresh(_EFFICIENCY),
        statuses=UNKNOWN_THING,
    ),
    Operation(
        path="/api/monitoring/uptime/{provider}/{model}",
        summary="Whether a model answers, how fast",
        tag=_TAG,
        parameters=(PROVIDER, MODEL),
        answers=fresh(_UPTIME),
        statuses=UNKNOWN_THING,
    ),
)
