"""Tests of a provider's index of breakers that are not at rest."""

from dataclasses import replace

import orjson
import pytest

from tokenpulse_shared.breaker import Circuit, ordered
from tokenpulse_shared.circuits.circuit_index import MovedCircuit, decode_index, index_entry
from tokenpulse_shared.keyspace import CIRCUIT_RETENTION_SECONDS, FORCED_RETENTION_SECONDS

NOW = 1_700_000_000.0
OPEN = Circuit(state="OPEN", changed_at=NOW, opened_at=NOW, open_seconds=60.0)


def test_round_trip() -> None:
    """What is not at rest comes back as every process must know it."""
    circuits = {
        "open": OPEN,
        "half/open": replace(OPEN, state="HALF_OPEN"),
        "ü:ordered": ordered(OPEN, "open", NOW),
        "closed": ordered(OPEN, "close", NOW),
    }
    fields = {name.encode(): index_entry(circuit, NOW + 0.5) for name, circuit in circuits.items()}

    assert decode_index(fields, NOW) == {
        "open": MovedCircuit("OPEN", NOW + 60.0, None),
        "half/open": MovedCircuit("HALF_OPEN", None, None),
        "ü:ordered": MovedCircuit("OPEN", None, "open"),
        "closed": MovedCircuit("CLOSED", None, "closed"),
    }
    assert index_entry(Circuit(changed_at=NOW), NOW) == b""


@pytest.mark.parametrize(
    ("circuit", "seconds"),
    [(OPEN, CIRCUIT_RETENTION_SECONDS), (ordered(OPEN, "close", NOW), FORCED_RETENTION_SECONDS)],
)
def test_an_entry_lives_as_long_as_its_breaker(circuit: Circuit, seconds: int) -> None:
    """After that it is as if it had never moved."""
    fields = {b"m": index_entry(circuit, NOW)}

    assert "m" in decode_index(fields, NOW + seconds - 0.001)
    assert decode_index(fields, NOW + seconds) == {}


@pytest.mark.parametrize(
    "entry",
    [
        b"", b"{", b"1", b"[]", b'"OPEN"', orjson.dumps(["BANANA", None, None, 2e9]),
        orjson.dumps(["OPEN", "soon", None, int(2e9)]), orjson.dumps(["OPEN", None, "ajar", int(2e9)]),
        orjson.dumps(["OPEN", None, None, 2e9]), orjson.dumps(["OPEN", None, None, None]),
        orjson.dumps([["OPEN"], None, None, int(2e9)]), orjson.dumps(["OPEN", None, ["open"], int(2e9)]),
    ],
)  # fmt: skip
def test_foreign_entries_are_left_out(entry: bytes) -> None:
    """What is no entry of ours turns nobody away; the others stay."""
    fields = {b"bad": entry, b"\xff": index_entry(OPEN, NOW), b"good": index_entry(OPEN, NOW)}

    assert list(decode_index(fields, NOW)) == ["good"]
