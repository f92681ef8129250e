"""Read and write a provider's index of breakers that are not at rest: what every process keeps in memory."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import orjson

from tokenpulse_shared.breaker import BreakerState, Circuit, Forced
from tokenpulse_shared.circuits.circuit_codec import STATES
from tokenpulse_shared.keyspace import CIRCUIT_RETENTION_SECONDS, FORCED_RETENTION_SECONDS

_FORCED: Final = (None, "open", "closed")


class MovedCircuit(NamedTuple):
    """Tell what a process must know of a breaker; `retry_at`: epoch seconds, None unless it is open by itself."""

    state: BreakerState
    retry_at: float | None
    forced: Forced | None


def retention_seconds(circuit: Circuit) -> int:
    """Return how long a breaker is kept after its last call or move."""
    return FORCED_RETENTION_SECONDS if circuit.forced else CIRCUIT_RETENTION_SECONDS


def index_entry(circuit: Circuit, now: float) -> bytes:
    """Return what the index holds of a breaker; nothing for one at rest. `now`: epoch seconds."""
    if circuit.is_at_rest:
        return b""
    expires_at = int(now) + retention_seconds(circuit)
    return orjson.dumps((circuit.state, circuit.retry_at, circuit.forced, expires_at))


def decode_index(fields: Mapping[bytes, bytes], now: float) -> dict[str, MovedCircuit]:
    """Return the breakers by model; what was forgotten since, or is no entry of ours, is left out."""
    moved: dict[str, MovedCircuit] = {}
    for model, text in fields.items():
        try:
            state, retry_at, forced, expires_at = orjson.loads(text)
            name = model.decode()
        except (ValueError, TypeError):
            continue
        is_ours = state in STATES and forced in _FORCED and isinstance(retry_at, float | None)
        if is_ours and isinstance(expires_at, int) and expires_at > now:
            moved[name] = MovedCircuit(state, retry_at, forced)
    return moved
