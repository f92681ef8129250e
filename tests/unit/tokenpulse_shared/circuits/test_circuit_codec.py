"""Tests of what a breaker's hash holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenpulse_shared.breaker import SLOT_SECONDS, Circuit, Slowness
from tokenpulse_shared.circuits.circuit_codec import (
    HeldCircuit,
    WindowCalls,
    circuit_fields,
    decode_circuit,
    recent_calls,
)

_MOMENTS = st.floats(0, 4e9)
_NOW = 1_000_000.0
_SLOT = int(_NOW // SLOT_SECONDS)


def _encoded(circuit: Circuit) -> dict[bytes, bytes]:
    """Return the hash as Redis holds it: the version is the script's."""
    fields = circuit_fields(circuit) | {"version": str(circuit.version)}
    return {name.encode(): value.encode() for name, value in fields.items()}


@settings(deadline=None)
@given(
    st.builds(
        Circuit,
        state=st.sampled_from(["CLOSED", "OPEN", "HALF_OPEN"]),
        changed_at=_MOMENTS,
        opened_at=st.none() | _MOMENTS,
        open_seconds=st.floats(0, 300),
        half_open_successes=st.integers(0, 9),
        forced=st.none() | st.sampled_from(["open", "closed"]),
        version=st.integers(0, 2**50),
    )
)
def test_round_trip(circuit: Circuit) -> None:
    """Any circuit comes back as it was written."""
    assert decode_circuit(_encoded(circuit), _NOW, 60).circuit == circuit


def test_nothing_held_is_a_breaker_that_never_moved() -> None:
    """An empty hash is closed, without calls."""
    assert decode_circuit({}, _NOW, 60) == HeldCircuit(Circuit(), WindowCalls(), 0, None)


_LONG = b":".join((b"9" * 5000,) * 3)
"""More digits than `int` takes."""


@pytest.mark.parametrize(
    "junk", [b"", b"x", b"nan", b"inf", b"-inf", b"\xff", b"1:2", _LONG, _LONG + b":1:1"]
)
def test_foreign_values_read_as_absent(junk: bytes) -> None:
    """A value that is no number, or no finite one, is as if it were not there; an unknown state reads CLOSED."""
    names = (
        "state",
        "changed_at",
        "opened_at",
        "open_seconds",
        "half_open_successes",
        "version",
        "streak",
        "seen",
        "forced",
    )
    fields = {name.encode(): junk for name in names} | {b"slot:1": junk, b"slow:1": junk}

    assert decode_circuit(fields, _NOW, 60) == HeldCircuit(Circuit(), WindowCalls(), 0, None)


def test_calls_of_slots_within_the_window_add_up() -> None:
    """Slots that began within the window count, older ones and other fields do not."""
    fields = {
        b"slot:0": f"{_SLOT}:1:10".encode(),
        b"slot:1": f"{_SLOT - 11}:2:20".encode(),  # began 55 s ago
        b"slot:2": f"{_SLOT - 12}:4:40".encode(),  # began 60 s ago
        b"slot:3": f"{_SLOT + 1}:8:80".encode(),  # Redis's clock may be a little ahead
        b"slot:4": f"{_SLOT + 2}:16:160".encode(),
        b"streak": f"{_SLOT}:32:320".encode(),
    }

    assert recent_calls(fields, _NOW, 60) == WindowCalls(11, 110)


@pytest.mark.parametrize(("age_seconds", "counts"), [(59.999, True), (60.0, False), (60.001, False)])
def test_the_window_ends_to_the_millisecond(age_seconds: float, counts: bool) -> None:
    """A slot counts until its beginning is a window's length ago."""
    began = _SLOT * SLOT_SECONDS
    fields = {b"slot:0": f"{_SLOT}:1:10".encode(), b"slow:0": f"{_SLOT}:1:2:3:4".encode()}

    assert (recent_calls(fields, began + age_seconds, 60) != WindowCalls()) == counts


def test_slow_calls_add_up_like_the_others() -> None:
    """Slots outside the window, or with a number missing, count nothing."""
    fields = {
        b"slow:0": f"{_SLOT}:1:10:100:1000".encode(),
        b"slow:1": f"{_SLOT - 11}:2:20:200:2000".encode(),
        b"slow:2": f"{_SLOT - 12}:4:40:400:4000".encode(),
        b"slow:3": f"{_SLOT}:8:80:800".encode(),
    }

    assert recent_calls(fields, _NOW, 60) == WindowCalls(0, 0, Slowness(3, 30), Slowness(300, 3000))


def test_calls_before_a_moment_do_not_count() -> None:
    """Only slots that began after the last change of state are judged."""
    fields = {b"slot:0": f"{_SLOT}:1:10".encode(), b"slot:1": f"{_SLOT - 1}:2:20".encode()}

    assert recent_calls(fields, _NOW, 60, since=_NOW - 1) == WindowCalls(1, 10)
    assert recent_calls(fields, _NOW, 60, since=_NOW) == WindowCalls()
    assert recent_calls(fields, _NOW, 60, since=_NOW - 6) == WindowCalls(3, 30)


def test_streak_and_last_call_are_read() -> None:
    """The row of faults and the last call's second come as they are."""
    held = decode_circuit({b"streak": b"4", b"seen": b"1700000000"}, _NOW, 60)

    assert (held.streak, held.seen) == (4, 1_700_000_000.0)
