"""Tests of how the counters of breakers are decoded."""

import pytest

from tokenpulse_shared.circuits.circuit_counters import CircuitCounters, decode_circuit_counters


def test_every_counter_has_its_place() -> None:
    """Moves by states, calls by the state they met, rejections; writers' guards are none."""
    counters, unreadable = decode_circuit_counters(
        {
            b"moved:CLOSED:OPEN": b"3", b"moved:HALF_OPEN:CLOSED": b"2", b"success:OPEN": b"7",
            b"success:CLOSED": b"100", b"failure:OPEN": b"5", b"rejected": b"11", b"writer:x": b"11:1700000000",
        }
    )  # fmt: skip

    assert unreadable == 0
    assert counters == CircuitCounters(
        moves={("CLOSED", "OPEN"): 3, ("HALF_OPEN", "CLOSED"): 2},
        successes={"OPEN": 7, "CLOSED": 100},
        failures={"OPEN": 5},
        rejected=11,
    )
    assert counters.let_through_while_open == 12


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"moved:CLOSED", b"1"), (b"moved:CLOSED:AJAR", b"1"), (b"moved:AJAR:OPEN", b"1"), (b"success:AJAR", b"1"),
        (b"success", b"1"), (b"other:OPEN", b"1"), (b"\xff", b"1"), (b"failure:OPEN", b"x"), (b"rejected", b""),
    ],
)  # fmt: skip
def test_foreign_fields_are_counted_and_left_out(name: bytes, value: bytes) -> None:
    """The others are read all the same."""
    counters, unreadable = decode_circuit_counters({name: value, b"success:CLOSED": b"1"})

    assert (counters, unreadable) == (CircuitCounters(successes={"CLOSED": 1}), 1)
