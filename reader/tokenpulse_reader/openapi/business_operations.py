"""Operations of `/api/monitoring` on trials, gauges."""

from collections.abc import Sequence
from typing import Any, Final

from tokenpulse_reader.openapi.operation import JSON, Operation, Schema
from tokenpulse_reader.openapi.parts import BASIS, SUCCESS, days, fresh
from tokenpulse_reader.openapi.shapes import (
    COUNT,
    DAY,
    FLAG,
    NUMBER,
    PERCENT,
    TEXT,
    TIMESTAMP,
    an_object,
    joined,
    listed,
    mapped,
    maybe,
    one_of,
)
from tokenpulse_shared.business_gauges import GAUGE_LABELS, MAX_LABEL_CHARACTERS
from tokenpulse_shared.counters import MAX_COUNT
from tokenpulse_shared.trial_records import MAX_PLAN_CHARACTERS, TRIAL_EVENTS

_TAG: Final = "business"
_EVENTS: Final = ("signups", "started_trial", "converted", "expired")
_RATE: Final[Schema] = {"type": "number", "minimum": 0, "description": "percent; may pass 100"}
_USER_NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 1000, "pattern": r"\S"}
_POSTED: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": MAX_COUNT}
_LABEL: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": MAX_LABEL_CHARACTERS}


def _by_labels(depth: int) -> Schema:
    """Return the schema of a number, or of numbers by labels, so many one inside the other."""
    if depth == 0:
        return _POSTED
    return {"anyOf": [_POSTED, mapped(_by_labels(depth - 1), keys=_LABEL)]}


def _gauge(labels: Sequence[str]) -> Schema:
    """Return the schema of a gauge: a number, numbers by labels, or a list in which labels have names."""
    shape: Any = _by_labels(len(labels))
    item = an_object({"value": _POSTED}, {label: {**_LABEL, "pattern": r"\S"} for label in labels})
    return {"anyOf": [*shape["anyOf"], listed(item)]}


_GAUGES: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {name: _gauge(labels) for name, labels in GAUGE_LABELS.items()},
    "additionalProperties": False,
    "minProperties": 1,
}

OPERATIONS: Final = (
    Operation(
        path="/api/monitoring/events/trial",
        method="post",
        summary="Count an event of a user's trial, once",
        tag=_TAG,
        about="The id is kept as a keyed digest only. An event that a user had already is not counted again.",
        body=an_object(
            {
                "user_id": {"anyOf": [_USER_NAME, {"type": "integer"}]},
                "event": one_of(*TRIAL_EVENTS),
            },
            {
                "plan": {
                    "type": ["string", "null"],
                    "minLength": 1,
                    "maxLength": MAX_PLAN_CHARACTERS,
                    "pattern": r"\S",
                }
            },
        ),
        answers={JSON: joined(SUCCESS, an_object({"counted": FLAG}))},
        statuses={400: "a field cannot be used; it is named", 503: "nothing is known to be written"},
    ),
    Operation(
        path="/api/monitoring/gauges",
        method="post",
        summary="Replace gauges that only the operator's own services know",
        tag=_TAG,
        about="A number, or numbers by label: each gauge named is replaced whole, the others stay.",
        body=_GAUGES,
        answers={JSON: SUCCESS},
        statuses={400: "a gauge cannot be used; it is named", 503: "nothing is known to be written"},
    ),
    Operation(
        path="/api/monitoring/gauges",
        summary="The gauges posted, with the trials counted",
        tag=_TAG,
        answers=fresh(
            an_object(
                {
                    "gauges": listed(
                        an_object(
                            {
                                "name": one_of(*GAUGE_LABELS),
                                "labels": mapped(TEXT),
                                "value": COUNT,
                                "posted_at": maybe(TIMESTAMP),
                            }
                        )
                    )
                }
            )
        ),
    ),
    Operation(
        path="/api/monitoring/trial-analytics",
        summary="What became of trials",
        tag=_TAG,
        about="Days of the calendar in UTC, today among them. `active` is as of now.",
        parameters=(days(30, 90),),
        answers=fresh(
            joined(
                an_object({"timestamp": TIMESTAMP, "days": COUNT, "start_date": DAY, "end_date": DAY}),
                an_object(dict.fromkeys(_EVENTS, maybe(COUNT))),
                an_object(
                    {
                        "active": maybe(COUNT),
                        "conversion_rate": maybe(_RATE),
                        "activation_rate": maybe(_RATE),
                        "cohort_conversion_rate": maybe(PERCENT),
                        "cohort_activation_rate": maybe(PERCENT),
                        "avg_time_to_conversion_days": maybe({**NUMBER, "minimum": 0}),
                        "by_plan": mapped(an_object(dict.fromkeys(_EVENTS, COUNT))),
                    }
                ),
                BASIS,
            )
        ),
    ),
)
