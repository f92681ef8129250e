"""Operations that show the whole fleet at a glance."""

from typing import Final

from tokenpulse_reader.openapi.operation import Operation, Schema
from tokenpulse_reader.openapi.parts import BASIS, fresh
from tokenpulse_reader.openapi.shapes import (
    COUNT,
    MILLISECONDS,
    RATIO,
    SCORE,
    STATUS,
    TEXT,
    TIMESTAMP,
    USD,
    an_object,
    joined,
    listed,
    maybe,
)

_TAG: Final = "overview"
_PROVIDER: Final[Schema] = an_object(
    {
        "name": TEXT,
        "status": STATUS,
        "availability": {**maybe(RATIO), "description": "1 when calls succeed, 0 when none does"},
        "error_rate": maybe(RATIO),
        "health_score": SCORE,
        "sample_count": COUNT,
        "avg_latency_ms": maybe(MILLISECONDS),
    }
)
_SUMMARY: Final[Schema] = an_object(
    {
        "total_providers": COUNT,
        "healthy_providers": COUNT,
        "degraded_providers": COUNT,
        "unhealthy_providers": COUNT,
        "unknown_providers": COUNT,
        "avg_health_score": maybe(SCORE),
    }
)
_MODEL: Final[Schema] = an_object(
    {
        "model": TEXT,
        "provider": TEXT,
        "requests": COUNT,
        "success_rate": maybe(RATIO),
        "avg_latency_ms": maybe(MILLISECONDS),
        "p95_latency_ms": maybe(MILLISECONDS),
        "avg_ttft_ms": maybe(MILLISECONDS),
        "tokens_input": maybe(COUNT),
        "tokens_output": maybe(COUNT),
        "cost": maybe(USD),
        "unpriced_requests": COUNT,
        "uptime_24h": maybe(RATIO),
    }
)

OPERATIONS: Final = (
    Operation(
        path="/health/dashboard",
        summary="Every provider's health, with the fleet's",
        tag=_TAG,
        answers=fresh(
            joined(
                an_object(
                    {
                        "timestamp": TIMESTAMP,
                        "providers": listed(_PROVIDER),
                        "summary": _SUMMARY,
                        "system_status": STATUS,
                        "last_updated": TIMESTAMP,
                    }
                ),
                BASIS,
            )
        ),
    ),
    Operation(
        path="/models/stats",
        summary="What every model did in the last 24 hours, the most used first",
        tag=_TAG,
        answers=fresh(
            joined(
                an_object(
                    {"timestamp": TIMESTAMP, "hours": COUNT, "models": listed(_MODEL), "total_models": COUNT}
                ),
                BASIS,
            )
        ),
    ),
)
