"""Make snapshots for what tells of them."""

from collections.abc import Iterable
from typing import Any

from tokenpulse_reader.exposition.facts import LastDay
from tokenpulse_reader.snapshots.snapshot import Snapshot
from tokenpulse_shared.circuits.circuits_reader import CircuitStatus
from tokenpulse_shared.totals.totals_records import Totals


def live_snapshot(version: int, requests: int, circuits: Iterable[CircuitStatus] = ()) -> Snapshot:
    """Return a snapshot computed at epoch second 1000 + `version`, with that many requests of one provider."""
    hours = {"2026-11-21:08": {"total_requests": requests}}
    realtime: dict[str, Any] = {
        "timestamp": f"at {version}",
        "total_requests": requests,
        "coverage": 0.5 + version / 10_000,
        "providers": {"openai": {"total_requests": requests, "hourly_breakdown": hours}},
    }
    return Snapshot(
        version=version,
        computed_at=1000.0 + version,
        health={},
        realtime=realtime,
        circuits=tuple(circuits),
        totals=Totals(taken_at=0.0, providers={}, models=(), apps=(), redis=None),
        last_day=LastDay(),
    )
