"""Write the events of `/api/live`, pure.

An event is framed as the HTML standard has it; its data is one line of JSON.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import orjson

from tokenpulse_reader.reports.circuits import circuit_json
from tokenpulse_reader.reports.health import health_json
from tokenpulse_reader.reports.units import iso
from tokenpulse_reader.snapshots.served import Served
from tokenpulse_reader.snapshots.snapshot import Snapshot

GREETING: Final = b"retry: 2000\n\n"
"""Milliseconds after which a browser asks again when the connection broke."""
HEARTBEAT: Final = b": heartbeat\n\n"
MAX_BREAKERS: Final = 200
"""Breakers told one by one; how many are in which state is told of all."""

_NOT_FOR_A_PAGE: Final = frozenset(("timestamp", "providers", "hourly_breakdown"))
_COVERAGE_DIGITS: Final = 2
"""In a reader's first hour a finer coverage would make every snapshot a change."""
_EVENT_ID: Final = re.compile(r"([0-9a-f]{8})-([0-9]{1,15})")


def snapshot_content(snapshot: Snapshot) -> dict[str, Any]:
    """Return what a page shows of a snapshot: health, the last hour's totals, breakers that are not closed."""
    realtime = snapshot.realtime
    moved = [status for status in snapshot.circuits if status.state != "CLOSED"]
    return {
        "health": [health_json(held) for held in snapshot.health.values()],
        "realtime": {
            **_for_a_page(realtime),
            "providers": {name: _for_a_page(row) for name, row in realtime.get("providers", {}).items()},
        },
        "breakers": {
            "by_state": Counter(status.state for status in snapshot.circuits),
            "not_closed": [circuit_json(status) for status in moved[:MAX_BREAKERS]],
            "omitted": max(0, len(moved) - MAX_BREAKERS),
        },
    }


def _for_a_page(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in _NOT_FOR_A_PAGE}
    if "coverage" in kept:
        kept["coverage"] = round(kept["coverage"], _COVERAGE_DIGITS)
    return kept


def event_id(epoch: str, version: int) -> str:
    """Return the id of a snapshot's event; `epoch` tells one run of a reader from another."""
    return f"{epoch}-{version}"


def seen_version(last_event_id: str | None, epoch: str) -> int | None:
    """Return the version that a client has; None when it has none of this epoch."""
    match = _EVENT_ID.fullmatch(last_event_id or "")
    return int(match[2]) if match and match[1] == epoch else None


def whole_event(epoch: str, version: int, computed_at: float, content: Mapping[str, Any]) -> bytes:
    """Return the event that tells a snapshot whole."""
    head = {"version": version, "computed_at": iso(computed_at), "stale": False}
    return _framed("snapshot", {**head, **content}, event_id(epoch, version))


def same_event(epoch: str, version: int, computed_at: float) -> bytes:
    """Return the event that tells of a newer snapshot with the content of the one before."""
    data = {"version": version, "computed_at": iso(computed_at), "stale": False}
    return _framed("same", data, event_id(epoch, version))


def stale_event(served: Served[Snapshot]) -> bytes:
    """Return the event that tells how old the last good snapshot is; it has no id, so resuming is not changed."""
    age_seconds = round(served.age_seconds or 0.0, 3)
    data = {"version": served.value.version, "computed_at": iso(served.computed_at), "stale": True}
    return _framed("stale", {**data, "age_seconds": age_seconds})


def _framed(event: str, data: Mapping[str, Any], identity: str | None = None) -> bytes:
    head = f"event: {event}\n" + (f"id: {identity}\n" if identity else "")
    return b"%sdata: %s\n\n" % (head.encode(), orjson.dumps(data))
