"""Operations of `/api/metrics` that read: hours of models, providers, gateways."""

from typing import Final

from tokenpulse_reader.openapi.operation import Operation, Schema
from tokenpulse_reader.openapi.parts import BASIS, BUCKET, UNKNOWN_THING, choice, fresh, query
from tokenpulse_reader.openapi.shapes import (
    COUNT,
    MILLISECONDS,
    NUMBER,
    PERCENT,
    SCORE,
    STATUS,
    TEXT,
    TIME_BUCKET,
    an_object,
    joined,
    listed,
    maybe,
    one_of,
    whole,
)
from tokenpulse_reader.posts.measurements import (
    ERROR_TYPES,
)
from tokenpulse_reader.reports.model_hours import TREND_METRICS

_TAG: Final = "metrics"
_NAME: Final[Schema] = {"type": "string", "minLength": 1}
_BREAKDOWN: Final[Schema] = an_object(dict.fromkeys(ERROR_TYPES, maybe(COUNT)))

_MODEL_HOUR: Final[Schema] = joined(
    an_object(
        {
            "model": TEXT,
            "time_bucket": TIME_BUCKET,
            "requests": maybe(COUNT),
            "success_count": maybe(COUNT),
            "error_count": maybe(COUNT),
            "success_rate": maybe(PERCENT),
            "avg_ttft_ms": maybe(MILLISECONDS),
            "avg_total_time_ms": maybe(MILLISECONDS),
            "error_breakdown": _BREAKDOWN,
        }
    ),
    BASIS,
)
_PROVIDER_HOUR: Final[Schema] = joined(
    an_object(
        {
            "provider": TEXT,
            "time_bucket": TIME_BUCKET,
            "total_requests": maybe(COUNT),
            "total_models": maybe(COUNT),
            "avg_success_rate": maybe(PERCENT),
            "avg_ttft_ms": maybe(MILLISECONDS),
            "top_models": listed(an_object({"model_id": TEXT, "requests": COUNT}), maxItems=10),
            "error_distribution": _BREAKDOWN,
        }
    ),
    BASIS,
)
_GATEWAY_HOUR: Final[Schema] = joined(
    an_object(
        {
            "gateway": TEXT,
            "time_bucket": TIME_BUCKET,
            "success": maybe(COUNT),
            "errors": maybe(COUNT),
            "avg_response_time_ms": maybe(MILLISECONDS),
            "model_count": maybe(COUNT),
        }
    ),
    BASIS,
)
_RANKED: Final[Schema] = an_object(
    {
        "model_id": TEXT,
        "health_score": {**SCORE, "description": "100 by convention where the status is unknown"},
        "status": STATUS,
        "requests": COUNT,
        "success_rate": maybe(PERCENT),
        "avg_ttft_ms": maybe(MILLISECONDS),
        "avg_total_time_ms": maybe(MILLISECONDS),
    }
)
OPERATIONS: Final = (
    Operation(
        path="/api/metrics/realtime",
        summary="One hour of a model, a provider or a gateway",
        tag=_TAG,
        parameters=(
            choice("type", "model", "provider", "gateway"),
            query("id", _NAME, "the name of it", is_required=True),
            BUCKET,
        ),
        answers=fresh(
            an_object(
                {
                    "type": one_of("model", "provider", "gateway"),
                    "id": TEXT,
                    "data": {"anyOf": [_MODEL_HOUR, _PROVIDER_HOUR, _GATEWAY_HOUR]},
                }
            )
        ),
        statuses=UNKNOWN_THING,
    ),
    Operation(
        path="/api/metrics/health/leaderboard",
        summary="The models of one hour by health score",
        tag=_TAG,
        about="A model with too few calls to tell is last in either order.",
        parameters=(
            choice("order", "desc", "asc", default="desc"),
            query("limit", whole(1, 100, 10), "most models of the answer"),
            BUCKET,
        ),
        answers=fresh(
            joined(
                an_object(
                    {
                        "time_bucket": TIME_BUCKET,
                        "order": one_of("desc", "asc"),
                        "limit": COUNT,
                        "models": listed(_RANKED, maxItems=100),
                        "total_models": COUNT,
                    }
                ),
                BASIS,
            )
        ),
    ),
    Operation(
        path="/api/metrics/provider/summary",
        summary="One hour of a provider",
        tag=_TAG,
        parameters=(query("provider", _NAME, "the name of a provider", is_required=True), BUCKET),
        answers=fresh(an_object({"provider": TEXT, "data": _PROVIDER_HOUR})),
        statuses=UNKNOWN_THING,
    ),
    Operation(
        path="/api/metrics/trends",
        summary="A model's last hours, one value each, oldest first",
        tag=_TAG,
        about="An hour without data is null.",
        parameters=(
            query("model", _NAME, "a model's id", is_required=True),
            choice("metric", *TREND_METRICS, about="times are averages in milliseconds"),
            query("hours", whole(1, 24, 6), "length of the window"),
        ),
        answers=fresh(
            joined(
                an_object(
                    {
                        "model": TEXT,
                        "metric": one_of(*TREND_METRICS),
                        "hours": COUNT,
                        "data_points": listed(
                            an_object({"time_bucket": TIME_BUCKET, "value": maybe(NUMBER)})
                        ),
                    }
                ),
                BASIS,
            )
        ),
        statuses=UNKNOWN_THING,
    ),
)
