"""Say how a breaker's move is written: the one call of the transition script."""

from collections.abc import Sequence

from tokenpulse_shared.breaker import Circuit, Move
from tokenpulse_shared.circuits.circuit_codec import circuit_fields
from tokenpulse_shared.circuits.circuit_index import index_entry, retention_seconds
from tokenpulse_shared.keyspace import FORCED_RETENTION_SECONDS, TOTALS_RETENTION_SECONDS, Keyspace

Argument = str | bytes | int


def transition_call(
    keyspace: Keyspace, series: tuple[str, str], after: Circuit, moves: Sequence[Move], now: float
) -> tuple[str, list[Argument]]:
    """Return (key, arguments) of the script that writes a circuit, unless another moved it first.

    series: provider with model. after: its `version` is the one that must still stand there. moves: counted if it
    is written. now: epoch seconds.
    """
    provider, model = series
    fields = circuit_fields(after)
    if after.is_at_rest or after.forced:
        fields["streak"] = "0"  # what failed before says nothing of what comes after
    return keyspace.circuit(provider, model), [
        after.version,
        retention_seconds(after),
        keyspace.circuit_totals(provider),
        TOTALS_RETENTION_SECONDS,
        keyspace.moved_circuits(provider),
        FORCED_RETENTION_SECONDS,
        model,
        index_entry(after, now),
        int(now),
        " ".join(f"moved:{before}:{state}" for before, state in moves),
        *(text for pair in fields.items() for text in pair),
    ]
