"""The operation that takes measurements from clients that measure themselves."""

from typing import Final

from tokenpulse_reader.measurements import (
    ERROR_TYPES,
    MAX_MEASUREMENTS,
    MAX_MILLISECONDS,
    MAX_TEXT_CHARACTERS,
)
from tokenpulse_reader.openapi.operation import JSON, Operation, Schema
from tokenpulse_reader.openapi.parts import SUCCESS
from tokenpulse_reader.openapi.shapes import an_object, listed, maybe, one_of

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
        body={"anyOf": [_MEASUREMENT, listed(_MEASUREMENT, minItems=1, maxItems=MAX_MEASUREMENTS)]},
        answers={JSON: SUCCESS},
        statuses={400: "a field cannot be used; it is named", 501: "this reader takes no measurements"},
    ),
)
