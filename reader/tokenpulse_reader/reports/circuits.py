"""Circuit breakers as JSON, pure."""

from typing import Any

from tokenpulse_reader.reports.units import iso
from tokenpulse_shared.breaker import Slowness
from tokenpulse_shared.circuits.circuits_reader import CircuitStatus


def circuit_json(status: CircuitStatus) -> dict[str, Any]:
    """Return a breaker's state; counts and rates are of the last 60 seconds, `last_updated` is epoch seconds.

    `forced` is what a person ordered, `open` or `closed`; slow rates are None where no limit is set.
    """
    return {
        "provider": status.provider,
        "model": status.model,
        "state": status.state,
        "failure_count": status.failure_count,
        "is_available": status.is_available,
        "last_updated": status.last_updated,
        "failure_rate": status.failure_ratio,
        "opened_at": None if status.opened_at is None else iso(status.opened_at),
        "retry_at": None if status.retry_at is None else iso(status.retry_at),
        "forced": status.forced,
        "slow_call_rate": _rate(status.slow_calls),
        "slow_ttft_rate": _rate(status.slow_ttft),
    }


def _rate(calls: Slowness) -> float | None:
    return calls.slow / calls.timed if calls.timed else None
