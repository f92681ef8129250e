"""Operations on the reader itself: whether it lives, what it serves."""

from typing import Final

from tokenpulse_reader.openapi.operation import JSON, Operation, Parameter, Schema
from tokenpulse_reader.openapi.shapes import SECONDS, TEXT, an_object, listed, maybe, one_of

_TAG: Final = "service"
EVENT_STREAM: Final = "text/event-stream; charset=utf-8"
_READINESS: Final[Schema] = an_object(
    {
        "status": one_of("ready", "not_ready"),
        "reason": maybe(TEXT),
        "snapshot_age_seconds": maybe(SECONDS),
    }
)
_DOCUMENT: Final[Schema] = {
    **an_object({"openapi": TEXT, "info": {"type": "object"}, "paths": {"type": "object"}}),
    "additionalProperties": True,
}

OPERATIONS: Final = (
    Operation(
        path="/",
        summary="Which endpoints there are",
        tag=_TAG,
        answers={
            JSON: an_object(
                {
                    "name": TEXT,
                    "version": TEXT,
                    "endpoints": listed(an_object({"path": TEXT, "methods": listed(TEXT)})),
                }
            )
        },
    ),
    Operation(
        path="/healthz",
        summary="Whether the process lives",
        tag=_TAG,
        answers={JSON: an_object({"status": {"const": "ok"}})},
        is_open=True,
    ),
    Operation(
        path="/readyz",
        summary="Whether the reader can answer",
        tag=_TAG,
        answers={JSON: _READINESS},
        statuses={503: "Redis gives no answer, or the snapshot is too old"},
        other_answers={503: _READINESS},
    ),
    Operation(
        path="/api/live",
        summary="Server-sent events of each new snapshot",
        tag=_TAG,
        about=(
            "`snapshot` tells all, `same` that nothing changed, `stale` that Redis is away. A client that comes back "
            "with Last-Event-ID is told what it missed, as one whole snapshot."
        ),
        parameters=(
            Parameter(
                name="Last-Event-ID",
                place="header",
                about="the id of the last event seen",
                schema=TEXT,
            ),
        ),
        answers={EVENT_STREAM: TEXT},
        statuses={503: "nothing is known yet, or too many clients listen"},
    ),
    Operation(
        path="/openapi.json",
        summary="This document",
        tag=_TAG,
        answers={JSON: _DOCUMENT},
    ),
)
