"""Read and write a breaker's hash: its state, and the recent calls that the apply script counts in it."""

import math
import re
from collections.abc import Mapping
from typing import Final, NamedTuple, cast

from tokenpulse_shared.breaker import SLOT_SECONDS, BreakerState, Circuit

_STATES: Final = ("CLOSED", "OPEN", "HALF_OPEN")
_SLOT: Final = re.compile(rb"(\d+):(\d+):(\d+)")


class HeldCircuit(NamedTuple):
    """Hold a decoded hash: the machine's state, calls within the window, faults in a row, last call's second."""

    circuit: Circuit
    successes: int
    faults: int
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
) -> tuple[int, int]:
    """Return (successes, provider faults) of the slots that began within the window and after `since`.

    A slot that holds something else counts nothing.
    """
    first, last = int(max(now - window_seconds, since) // SLOT_SECONDS) + 1, int(now // SLOT_SECONDS)
    successes = faults = 0
    for name, value in fields.items():
        match = _SLOT.fullmatch(value) if name.startswith(b"slot:") else None
        if match is None:
            continue
        slot, good, bad = (int(part) for part in match.groups())
        if first <= slot <= last + 1:  # one slot ahead: the caller's clock may lag Redis's a little
            successes += good
            faults += bad
    return successes, faults


def decode_circuit(fields: Mapping[bytes, bytes], now: float, window_seconds: int) -> HeldCircuit:
    """Return what the hash holds; a state that is not known reads CLOSED, as if it had never moved."""
    text = fields.get(b"state", b"CLOSED").decode("ascii", "replace")
    circuit = Circuit(
        state=cast("BreakerState", text if text in _STATES else "CLOSED"),
        changed_at=_number(fields, b"changed_at") or 0.0,
        opened_at=_number(fields, b"opened_at"),
        open_seconds=_number(fields, b"open_seconds") or 0.0,
        half_open_successes=int(_number(fields, b"half_open_successes") or 0),
        version=int(_number(fields, b"version") or 0),
    )
    successes, faults = recent_calls(fields, now, window_seconds)
    streak = int(_number(fields, b"streak") or 0)
    return HeldCircuit(circuit, successes, faults, streak, _number(fields, b"seen"))


def circuit_fields(circuit: Circuit) -> dict[str, str]:
    """Return the fields that hold the state; `version` is the transition script's to raise."""
    return {
        "state": circuit.state,
        "changed_at": repr(circuit.changed_at),
        "opened_at": "" if circuit.opened_at is None else repr(circuit.opened_at),
        "open_seconds": repr(circuit.open_seconds),
        "half_open_successes": str(circuit.half_open_successes),
    }
