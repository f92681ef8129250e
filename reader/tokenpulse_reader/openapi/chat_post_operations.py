"""The operation that takes measurements from clients that measure themselves."""

from typing import Final

from tokenpulse_reader.http.idempotency import HEADER, MAX_KEY_CHARACTERS
from tokenpulse_reader.openapi.operation import JSON, Operation, Parameter, Schema
from tokenpulse_reader.openapi.parts import SUCCESS
from tokenpulse_reader.openapi.shapes import an_object, listed, maybe, one_of
from tokenpulse_reader.posts.measurements import (
    ERROR_TYPES,
    MAX_MEASUREMENTS,
    MAX_MILLISECONDS,
    MAX_TEXT_CHARACTERS,
)

_SENT_TEXT: Final[Schema] = {
    "type": ["string", "null"],
    "minLength": 1,
    "maxLength": MAX_TEXT_CHARACTERS,
    "pattern": r"\S",
}
_SENT_TIME: Final[Schema] = {"type": ["number", "null"], "minimum": 0, "maximum": MAX_MILLISECONDS}
_MEASUREMENT: Final[Schema] = an_object(
    {"model": {**_SENT_TEXT, "type": "string"}},
    {
        "gateway": _SENT_TEXT,
        "provider": {**_SENT_TEXT, "description": "without it the model's part before `/`, else before `:`"},
        "session_id": {**_SENT_TEXT, "description": "checked, not kept"},
        "ttft_ms": _SENT_TIME,
        "total_time_ms": {
            **_SENT_TIME,
            "description": "without it the sum of the two below, if both are told",
        },
        "network_time_ms": _SENT_TIME,
        "backend_time_ms": _SENT_TIME,
        "success": {"type": ["boolean", "null"], "default": True},
        "error_type": {
            **maybe(one_of(*ERROR_TYPES)),
            "description": "of a failure; of a success it is ignored",
        },
    },
)

OPERATIONS: Final = (
    Operation(
        path="/api/metrics/chat",
        method="post",
        summary="Count calls that a client measured itself",
        tag="metrics",
        about="One measurement, or a list of them: all are counted, or none.",
        parameters=(
            Parameter(
                name=HEADER,
                place="header",
                about="a key of the client's own, unlike any other's: posts with the same one count once within a day",
                schema={
                    "type": "string",
                    "minLength": 1,
                    "maxLength": MAX_KEY_CHARACTERS,
                    "pattern": "^[!-~]+$",
                },
            ),
        ),
        body={"anyOf": [_MEASUREMENT, listed(_MEASUREMENT, minItems=1, maxItems=MAX_MEASUREMENTS)]},
        answers={JSON: SUCCESS},
        statuses={
            400: "a field or the key cannot be used; it is named",
            409: "a post with this key is under way, or broke off a moment ago",
            422: "this key came with another body before",
            501: "this reader takes no measurements",
            503: "a key was given, and Redis does not tell whether it is new: nothing was counted",
        },
    ),
)
