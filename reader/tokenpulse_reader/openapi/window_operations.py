"""Operations of `/api/monitoring` that answer from a window of time: statistics of providers and models."""

from typing import Final

from tokenpulse_reader.openapi.operation import Operation, Schema
from tokenpulse_reader.openapi.parts import BASIS, MODEL, PROVIDER, UNKNOWN_THING, choice, fresh, hours, query
from tokenpulse_reader.openapi.shapes import (
    COUNT,
    MILLISECONDS,
    RATIO,
    SCORE,
    STAMPED_HOUR,
    STATUS,
    TEXT,
    TIMESTAMP,
    USD,
    an_object,
    joined,
    mapped,
    maybe,
    one_of,
)
from tokenpulse_shared.counters import SKETCHED

_TAG: Final = "monitoring"

COUNTS: Final[Schema] = an_object(
    {
        "total_requests": maybe(COUNT),
        "successful_requests": maybe(COUNT),
        "failed_requests": maybe(COUNT),
        "tokens_input": maybe(COUNT),
        "tokens_output": maybe(COUNT),
        "total_cost": maybe(USD),
        "unpriced_requests": {**maybe(COUNT), "description": "requests that `total_cost` knows no price of"},
        "requests_without_usage": {
            **maybe(COUNT),
            "description": "requests that the tokens are not known of",
        },
    }
)
LATENCIES: Final[Schema] = an_object(
    {name: maybe(MILLISECONDS) for name in ("avg_latency_ms", "p50_latency", "p95_latency", "p99_latency")}
)
ROW: Final[Schema] = joined(
    COUNTS,
    an_object({"success_rate": maybe(RATIO), "error_rate": maybe(RATIO), "total_tokens": maybe(COUNT)}),
    LATENCIES,
    an_object({f"avg_{quantity}_ms": maybe(MILLISECONDS) for quantity in SKETCHED}),
)
_PROVIDER_ROW: Final[Schema] = joined(
    ROW,
    an_object(
        {
            "health_score": maybe(SCORE),
            "health_status": maybe(STATUS),
            "hourly_breakdown": mapped(COUNTS, keys=STAMPED_HOUR),
        }
    ),
    BASIS,
)
_REALTIME: Final[Schema] = joined(
    an_object(
        {
            "timestamp": TIMESTAMP,
            "hours": COUNT,
            "providers": mapped(_PROVIDER_ROW),
            "total_requests": maybe(COUNT),
            "total_cost": maybe(USD),
            "total_tokens": maybe(COUNT),
            "total_errors": maybe(COUNT),
            "error_rate": maybe(RATIO),
            "success_rate": maybe(RATIO),
            "avg_health_score": maybe(SCORE),
        }
    ),
    LATENCIES,
    BASIS,
)
_PERCENTILES: Final[Schema] = {"^p[0-9.]+$": maybe(MILLISECONDS)}
_ENDS: Final[Schema] = an_object(
    {"count": COUNT, "avg": maybe(MILLISECONDS), "min": MILLISECONDS, "max": MILLISECONDS}
)
_SPREAD: Final[Schema] = {**_ENDS, "patternProperties": _PERCENTILES}
_LATENCY: Final[Schema] = joined(
    an_object({"provider": TEXT, "model": TEXT, "metric": one_of(*SKETCHED), "hours": COUNT}),
    _ENDS,
    an_object({"by_metric": an_object({quantity: maybe(_SPREAD) for quantity in SKETCHED})}),
    BASIS,
)

OPERATIONS: Final = (
    Operation(
        path="/api/monitoring/stats/realtime",
        summary="What every provider did in the last hours",
        tag=_TAG,
        parameters=(hours(1, 24),),
        answers=fresh(_REALTIME),
    ),
    Operation(
        path="/api/monitoring/stats/hourly/{provider}",
        summary="A provider's hours, newest first",
        tag=_TAG,
        parameters=(PROVIDER, hours(24, 168)),
        answers=fresh(
            joined(
                an_object({"provider": TEXT, "hours": COUNT, "data": mapped(ROW, keys=STAMPED_HOUR)}), BASIS
            )
        ),
        statuses=UNKNOWN_THING,
    ),
    Operation(
        path="/api/monitoring/latency/{provider}/{model}",
        summary="Percentiles of a model's times, in milliseconds",
        tag=_TAG,
        about="Nearest rank; within 1.1 % of the exact value for windows up to 2 hours, within 2.2 % beyond.",
        parameters=(
            PROVIDER,
            MODEL,
            query(
                "percentiles",
                {"type": "string", "pattern": r"^[0-9.]+(,[0-9.]+){0,19}$", "default": "50,95,99"},
                "at most 20 numbers above 0, up to 100, with commas between",
            ),
            choice("metric", *SKETCHED, default=SKETCHED[0]),
            hours(1, 168),
        ),
        answers={
            kind: {**schema, "patternProperties": _PERCENTILES} for kind, schema in fresh(_LATENCY).items()
        },
        statuses={404: "nothing was measured of this model in this window"},
    ),
)
