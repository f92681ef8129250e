"""Make JSON answers of served values, each saying how old it is.

An object says so in its fields; a list cannot, so each of its elements does, and the headers do.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from starlette.responses import Response

from tokenpulse_reader.reports.units import iso
from tokenpulse_reader.snapshots.served import Served


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return the body as JSON."""
    return Response(orjson.dumps(body), status, dict(headers or {}), media_type="application/json")


def freshness(served: Served[object]) -> dict[str, Any]:
    """Return the fields that say how old an answer is; `age_seconds` only when it is stale."""
    fields: dict[str, Any] = {"computed_at": iso(served.computed_at), "stale": served.is_stale}
    if served.age_seconds is not None:
        fields["age_seconds"] = round(served.age_seconds, 3)
    return fields


def _headers(served: Served[object]) -> dict[str, str]:
    headers = {"X-Tokenpulse-Stale": "true" if served.is_stale else "false"}
    if served.age_seconds is not None:
        headers["Age"] = str(math.floor(served.age_seconds))
    return headers


def object_response(served: Served[object], body: Mapping[str, Any]) -> Response:
    """Return an object, with the fields that say how old it is."""
    return json_response({**body, **freshness(served)}, headers=_headers(served))


def list_response(served: Served[object], items: Iterable[Mapping[str, Any]]) -> Response:
    """Return a list, with the fields that say how old it is in every element."""
    added = freshness(served)
    return json_response([{**item, **added} for item in items], headers=_headers(served))
