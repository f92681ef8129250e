"""Operations of `/api/monitoring` that tell the present state: health, errors, circuit breakers."""

from typing import Final

from tokenpulse_reader.openapi.explanation import EXPLANATION
from tokenpulse_reader.openapi.operation import JSON, Operation, Schema
from tokenpulse_reader.openapi.parts import BASIS, FRESH, PROVIDER, UNKNOWN_THING, choice, fresh, query
from tokenpulse_reader.openapi.shapes import (
    COUNT,
    EPOCH,
    FLAG,
    MILLISECONDS,
    NUMBER,
    RATIO,
    SCORE,
    STATUS,
    TEXT,
    TIMESTAMP,
    an_object,
    joined,
    listed,
    maybe,
    one_of,
    whole,
)

_TAG: Final = "monitoring"

HEALTH: Final[Schema] = joined(
    an_object(
        {
            "provider": TEXT,
            "health_score": {**SCORE, "description": "100 by convention where the status is unknown"},
            "status": STATUS,
            "last_updated": TIMESTAMP,
            "sample_count": COUNT,
            "success_rate": maybe(RATIO),
            "avg_latency_ms": maybe(MILLISECONDS),
            "composite_score": maybe(RATIO),
            "source": {**one_of("leader", "local"), "description": "`leader`: every reader says the same"},
        }
    ),
    BASIS,
)

_ERROR: Final[Schema] = an_object(
    {
        "model": maybe(TEXT),
        "error": maybe({"type": "string", "maxLength": 500}),
        "type": maybe(TEXT),
        "status": maybe({"type": "integer"}),
        "timestamp": maybe(EPOCH),
        "latency_ms": maybe(NUMBER),
    }
)

CIRCUIT: Final[Schema] = an_object(
    {
        "provider": TEXT,
        "model": TEXT,
        "state": one_of("CLOSED", "OPEN", "HALF_OPEN"),
        "failure_count": {**COUNT, "description": "provider faults in the last 60 s"},
        "is_available": FLAG,
        "last_updated": maybe(EPOCH),
        "failure_rate": maybe(RATIO),
        "opened_at": maybe(TIMESTAMP),
        "retry_at": maybe(TIMESTAMP),
        "forced": maybe(one_of("open", "closed")),
        "slow_call_rate": maybe(RATIO),
        "slow_ttft_rate": maybe(RATIO),
    }
)

OPERATIONS: Final = (
    Operation(
        path="/api/monitoring/health",
        summary="Health of every provider",
        tag=_TAG,
        answers={JSON: listed(joined(HEALTH, FRESH))},
    ),
    Operation(
        path="/api/monitoring/health/{provider}",
        summary="Health of one provider",
        tag=_TAG,
        about="With `explain=true` the answer holds its inputs, both formulas, what keeps the status steady.",
        parameters=(PROVIDER, choice("explain", "true", "false", default="false")),
        answers=fresh(joined(HEALTH, an_object({}, {"explanation": EXPLANATION}))),
        statuses=UNKNOWN_THING,
    ),
    Operation(
        path="/api/monitoring/errors/{provider}",
        summary="A provider's last errors, newest first",
        tag=_TAG,
        about="At most 100 are kept, for an hour.",
        parameters=(PROVIDER, query("limit", whole(1, 1000, 100), "most errors of the answer")),
        answers={JSON: listed(joined(_ERROR, FRESH))},
        statuses=UNKNOWN_THING,
    ),
    Operation(
        path="/api/monitoring/circuit-breakers",
        summary="The circuit breaker of every model",
        tag=_TAG,
        answers={JSON: listed(joined(CIRCUIT, FRESH))},
    ),
    Operation(
        path="/api/monitoring/circuit-breakers/{provider}",
        summary="The circuit breakers of one provider",
        tag=_TAG,
        parameters=(PROVIDER,),
        answers={JSON: listed(joined(CIRCUIT, FRESH))},
        statuses={404: "the provider has none"},
    ),
)
