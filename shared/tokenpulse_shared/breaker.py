"""The circuit breaker as a pure machine: (circuit, calls, now) → circuit; no clock, no I/O.

Rules. CLOSED opens at ≥ `failure_ratio` provider faults of ≥ `minimum_calls` calls in `window_seconds`, at
`consecutive_failures` faults in a row, or at ≥ `slow_ratio` slow calls of ≥ `minimum_calls` timed ones, by
latency or by time to first token. OPEN lasts `open_seconds`, doubled at each re-opening up to
`open_seconds_limit`, then it is HALF_OPEN. HALF_OPEN closes after `half_open_successes` successes without a
fault between them, and opens again at the first fault, or when `slow_ratio` of the probes of a look were slow.
A circuit that was forced stays as it is until it is reset. Caller errors and disconnects are no calls here.

Invariant: `advance` never looks at anything but its arguments; equal arguments give equal circuits.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

BreakerState = Literal["CLOSED", "OPEN", "HALF_OPEN"]
Forced = Literal["open", "closed"]
Order = Literal["reset", "open", "close"]
Move = tuple[BreakerState, BreakerState]
"""From which state to which."""

SLOT_SECONDS: Final = 5
"""Width of a slot of recent calls in Redis; the window is a whole number of them, at most 15 (see apply.lua)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """Say when a breaker opens and closes; durations in seconds, ratios in (0, 1].

    `probes`: most calls let through at the same time while it is half open, by all processes together.
    """

    failure_ratio: float = 0.5
    minimum_calls: int = 10
    window_seconds: int = 60
    consecutive_failures: int = 5
    slow_ratio: float = 0.5
    open_seconds: float = 60.0
    open_seconds_limit: float = 300.0
    half_open_successes: int = 2
    probes: int = 3


class Slowness(NamedTuple):
    """Count calls that were too slow, with all that were timed; no timed ones where nobody asked for it."""

    slow: int = 0
    timed: int = 0


NOT_TIMED: Final = Slowness()


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """Hold a breaker's state; `opened_at` is epoch seconds, None when it has not opened since it closed.

    `forced`: what somebody ordered it to stay, None: it moves by itself.
    """

    state: BreakerState = "CLOSED"
    changed_at: float = 0.0
    opened_at: float | None = None
    open_seconds: float = 0.0
    half_open_successes: int = 0
    forced: Forced | None = None
    version: int = 0

    @property
    def retry_at(self) -> float | None:
        """Return when probes may begin, epoch seconds; None unless open, or while it is forced."""
        if self.state != "OPEN" or self.opened_at is None or self.forced:
            return None
        return self.opened_at + self.open_seconds

    @property
    def is_at_rest(self) -> bool:
        """Tell whether it lets everything through, and nobody ordered it to."""
        return self.state == "CLOSED" and self.forced is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Count recent calls: in the window, in a row, and those that arrived since the machine last looked."""

    window_successes: int = 0
    window_faults: int = 0
    window_latency: Slowness = NOT_TIMED
    window_ttft: Slowness = NOT_TIMED
    streak: int = 0
    new_successes: int = 0
    new_faults: int = 0
    new_latency: Slowness = NOT_TIMED
    new_ttft: Slowness = NOT_TIMED

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


def _is_slow(calls: Slowness, least: int, policy: BreakerPolicy) -> bool:
    return calls.timed >= least and calls.slow >= policy.slow_ratio * calls.timed


def _should_open(calls: Calls, policy: BreakerPolicy) -> bool:
    if calls.new_faults:
        if calls.streak >= policy.consecutive_failures:
            return True
        total = calls.window_successes + calls.window_faults
        if total >= policy.minimum_calls and calls.window_faults >= policy.failure_ratio * total:
            return True
    pairs = ((calls.new_latency, calls.window_latency), (calls.new_ttft, calls.window_ttft))
    return any(new.slow and _is_slow(window, policy.minimum_calls, policy) for new, window in pairs)


def _probed(circuit: Circuit, calls: Calls, policy: BreakerPolicy, now: float) -> Circuit:
    if calls.new_faults or any(_is_slow(new, 1, policy) for new in (calls.new_latency, calls.new_ttft)):
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
    if circuit.forced:
        return circuit
    if circuit.state == "CLOSED":
        return _opened(circuit, policy, now, again=False) if _should_open(calls, policy) else circuit
    if circuit.state == "OPEN":
        if circuit.retry_at is not None and now < circuit.retry_at:
            return circuit
        circuit = replace(circuit, state="HALF_OPEN", changed_at=now, half_open_successes=0)
    if calls.new_successes or calls.new_faults:
        return _probed(circuit, calls, policy, now)
    return circuit


def ordered(circuit: Circuit, order: Order, now: float) -> Circuit:
    """Return the circuit after a person's order.

    `open` and `close` hold it there until another order comes; `reset` closes it, its past forgotten.
    """
    if order == "open":
        opened_at = now if circuit.opened_at is None else circuit.opened_at
        changed_at = circuit.changed_at if circuit.state == "OPEN" else now
        return Circuit(
            state="OPEN", changed_at=changed_at, opened_at=opened_at, forced="open", version=circuit.version
        )
    forced: Forced | None = "closed" if order == "close" else None
    return Circuit(state="CLOSED", changed_at=now, forced=forced, version=circuit.version)


def moves_of_advance(before: Circuit, after: Circuit) -> tuple[Move, ...]:
    """Return the transitions that `advance` made of the one circuit to reach the other, in order.

    An open circuit that a look finds due is half open on its way, however it ends.
    """
    if before.state == "OPEN" and after.state != "HALF_OPEN" and after.changed_at != before.changed_at:
        return (("OPEN", "HALF_OPEN"), ("HALF_OPEN", after.state))
    return moves_of_order(before, after)


def moves_of_order(before: Circuit, after: Circuit) -> tuple[Move, ...]:
    """Return the one transition between two circuits, none when their state is the same."""
    return () if before.state == after.state else ((before.state, after.state),)
