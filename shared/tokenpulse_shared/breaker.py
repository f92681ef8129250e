"""The circuit breaker as a pure machine: (circuit, calls, now) → circuit; no clock, no I/O.

Rules. CLOSED opens at ≥ `failure_ratio` provider faults of ≥ `minimum_calls` calls in `window_seconds`, or at
`consecutive_failures` faults in a row. OPEN lasts `open_seconds`, doubled at each re-opening up to
`open_seconds_limit`, then it is HALF_OPEN. HALF_OPEN closes after `half_open_successes` successes without a
fault between them, and opens again at the first fault. Caller errors and disconnects are no calls here.

Invariant: `advance` never looks at anything but its arguments; equal arguments give equal circuits.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

BreakerState = Literal["CLOSED", "OPEN", "HALF_OPEN"]

SLOT_SECONDS: Final = 5
"""Width of a slot of recent calls in Redis; the window is a whole number of them, at most 15 (see apply.lua)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """Say when a breaker opens and closes; durations in seconds, ratios in (0, 1]."""

    failure_ratio: float = 0.5
    minimum_calls: int = 10
    window_seconds: int = 60
    consecutive_failures: int = 5
    open_seconds: float = 60.0
    open_seconds_limit: float = 300.0
    half_open_successes: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """Hold a breaker's state; `opened_at` is epoch seconds, None when it has not opened since it closed."""

    state: BreakerState = "CLOSED"
    changed_at: float = 0.0
    opened_at: float | None = None
    open_seconds: float = 0.0
    half_open_successes: int = 0
    version: int = 0

    @property
    def retry_at(self) -> float | None:
        """Return when probes may begin, epoch seconds; None unless open."""
        if self.state != "OPEN" or self.opened_at is None:
            return None
        return self.opened_at + self.open_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Count recent calls: in the window, in a row, and those that arrived since the machine last looked."""

    window_successes: int = 0
    window_faults: int = 0
    streak: int = 0
    new_successes: int = 0
    new_faults: int = 0

    @property
    def failure_ratio(self) -> float | None:
        """Return faults over calls in the window, None without calls."""
        total = self.window_successes + self.window_faults
        return self.window_faults / total if total else None


def _opened(circuit: Circuit, policy: BreakerPolicy, now: float, *, again: bool) -> Circuit:
    seconds = min(circuit.open_seconds * 2, policy.open_seconds_limit) if again else policy.open_seconds
    return replace(
        circuit, state="OPEN", changed_at=now, opened_at=now, open_seconds=seconds, half_open_successes=0
    )


def _should_open(calls: Calls, policy: BreakerPolicy) -> bool:
    if calls.streak >= policy.consecutive_failures:
        return True
    total = calls.window_successes + calls.window_faults
    return total >= policy.minimum_calls and calls.window_faults >= policy.failure_ratio * total


def _probed(circuit: Circuit, calls: Calls, policy: BreakerPolicy, now: float) -> Circuit:
    if calls.new_faults:
        return _opened(circuit, policy, now, again=True)
    successes = circuit.half_open_successes + calls.new_successes
    if successes >= policy.half_open_successes:
        return Circuit(state="CLOSED", changed_at=now, version=circuit.version)
    return replace(circuit, half_open_successes=successes)


def advance(circuit: Circuit, calls: Calls, policy: BreakerPolicy, now: float) -> Circuit:
    """Return the circuit after the calls; the same object when nothing changes.

    Calls that arrive while it is OPEN were let through by nobody's leave and change nothing; the first look
    at or after `retry_at` makes it HALF_OPEN, and the calls of that look are its first probes.
    """
    if circuit.state == "CLOSED":
        if calls.new_faults and _should_open(calls, policy):
            return _opened(circuit, policy, now, again=False)
        return circuit
    if circuit.state == "OPEN":
        if circuit.retry_at is not None and now < circuit.retry_at:
            return circuit
        circuit = replace(circuit, state="HALF_OPEN", changed_at=now, half_open_successes=0)
    if calls.new_successes or calls.new_faults:
        return _probed(circuit, calls, policy, now)
    return circuit
