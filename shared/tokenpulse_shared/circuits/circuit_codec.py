"""Read and write a breaker's hash: its state, and the recent calls that the apply script counts in it."""

import math
import re
from collections.abc import Mapping
from typing import Final, NamedTuple, cast

from tokenpulse_shared.breaker import NOT_TIMED, SLOT_SECONDS, BreakerState, Circuit, Forced, Slowness

STATES: Final = ("CLOSED", "OPEN", "HALF_OPEN")
_FORCED: Final = ("open", "closed")
_NUMBER: Final = rb"(\d{1,18})"
"""`int` refuses thousands of digits."""
_SLOT: Final = re.compile(b":".join((_NUMBER,) * 3))
_SLOW: Final = re.compile(b":".join((_NUMBER,) * 5))


class WindowCalls(NamedTuple):
    """Count the calls of a window."""

    successes: int = 0
    faults: int = 0
    latency: Slowness = NOT_TIMED
    ttft: Slowness = NOT_TIMED


class HeldCircuit(NamedTuple):
    """Hold a decoded hash: the machine's state, calls within the window, faults in a row, last call's second."""

    circuit: Circuit
    calls: WindowCalls
    streak: int
    seen: float | None


def _number(fields: Mapping[bytes, bytes], name: bytes) -> float | None:
    try:
        number = float(fields[name])
    except (KeyError, ValueError):
        return None
    return number if math.isfinite(number) else None


def recent_calls(
    fields: Mapping[bytes, bytes], now: float, window_seconds: int, since: float = 0.0
) -> WindowCalls:
    """Return the calls of the slots that began within the window and after `since`.

    A slot that holds something else counts nothing.
    """
    first, last = int(max(now - window_seconds, since) // SLOT_SECONDS) + 1, int(now // SLOT_SECONDS)
    kept = range(first, last + 2)  # one slot ahead: the caller's clock may lag Redis's a little
    good = bad = 0
    slow = [0, 0, 0, 0]
    for name, value in fields.items():
        if name.startswith(b"slot:") and (match := _SLOT.fullmatch(value)) and int(match[1]) in kept:
            good, bad = good + int(match[2]), bad + int(match[3])
        elif name.startswith(b"slow:") and (match := _SLOW.fullmatch(value)) and int(match[1]) in kept:
            slow = [held + int(more) for held, more in zip(slow, match.groups()[1:], strict=True)]
    return WindowCalls(good, bad, Slowness(slow[0], slow[1]), Slowness(slow[2], slow[3]))


def decode_circuit(fields: Mapping[bytes, bytes], now: float, window_seconds: int) -> HeldCircuit:
    """Return what the hash holds; a state that is not known reads CLOSED, as if it had never moved."""
    text = fields.get(b"state", b"CLOSED").decode("ascii", "replace")
    forced = fields.get(b"forced", b"").decode("ascii", "replace")
    circuit = Circuit(
        state=cast("BreakerState", text if text in STATES else "CLOSED"),
        changed_at=_number(fields, b"changed_at") or 0.0,
        opened_at=_number(fields, b"opened_at"),
        open_seconds=_number(fields, b"open_seconds") or 0.0,
        half_open_successes=int(_number(fields, b"half_open_successes") or 0),
        forced=cast("Forced", forced) if forced in _FORCED else None,
        version=int(_number(fields, b"version") or 0),
    )
    streak = int(_number(fields, b"streak") or 0)
    calls = recent_calls(fields, now, window_seconds)
    return HeldCircuit(circuit, calls, streak, _number(fields, b"seen"))


def circuit_fields(circuit: Circuit) -> dict[str, str]:
    """Return the fields that hold the state; `version` is the transition script's to raise."""
    return {
        "state": circuit.state,
        "changed_at": repr(circuit.changed_at),
        "opened_at": "" if circuit.opened_at is None else repr(circuit.opened_at),
        "open_seconds": repr(circuit.open_seconds),
        "half_open_successes": str(circuit.half_open_successes),
        "forced": circuit.forced or "",
    }
