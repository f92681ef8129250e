"""A breaker's hash as a status: what is shown, what is refused."""

import pytest

from tokenpulse_shared.circuits.circuits_reader import CircuitStatus, circuit_status

NOW = 1_715_769_020.0
SLOT = int(NOW // 5)


def status(**fields: str) -> CircuitStatus:
    encoded = {name.replace("slot_", "slot:").encode(): value.encode() for name, value in fields.items()}
    return circuit_status("p", "m", encoded, NOW, NOW)


def test_no_hash_is_closed_and_knows_nothing() -> None:
    assert status() == CircuitStatus(provider="p", model="m")
    assert (status().is_available, status().failure_ratio, status().last_updated) == (True, None, None)


def test_calls_of_the_last_minute_count() -> None:
    held = status(
        slot_1=f"{SLOT}:3:1", slot_2=f"{SLOT - 11}:0:2", slot_3=f"{SLOT - 13}:9:9", seen="1715769019"
    )
    assert (held.failure_count, held.failure_ratio, held.last_updated) == (3, 0.5, 1715769019.0)


def test_an_open_one_reads_half_open_when_probes_may_begin() -> None:
    """To the second of `retry_at`."""
    held = status(state="OPEN", opened_at=repr(NOW - 59.9), open_seconds="60.0", changed_at=repr(NOW - 59.9))
    due = status(state="OPEN", opened_at=repr(NOW - 60.0), open_seconds="60.0", changed_at=repr(NOW - 60.0))

    assert (held.state, held.is_available, held.retry_at) == ("OPEN", False, NOW - 59.9 + 60.0)
    assert (due.state, due.is_available, due.retry_at) == ("HALF_OPEN", True, NOW)


def test_a_closed_one_has_no_opening() -> None:
    held = status(state="CLOSED", opened_at=repr(NOW - 500), open_seconds="60.0", changed_at=repr(NOW - 10))
    assert (held.opened_at, held.retry_at, held.last_updated) == (None, None, NOW - 10)


@pytest.mark.parametrize("name", ["opened_at", "seen", "changed_at", "open_seconds"])
@pytest.mark.parametrize("value", ["1e300", "-1"])
def test_what_is_no_time_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        status(**{"state": "OPEN", name: value})


@pytest.mark.parametrize("state", ["banana", "", "closed"])
def test_a_state_that_is_not_known_is_not_closed(state: str) -> None:
    """What cannot be read is left out, never shown as available."""
    with pytest.raises(ValueError, match="is no state"):
        status(state=state)
