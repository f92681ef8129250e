"""Tests of breakers that several writers move in one real Redis."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import redis

from tests.support.clock import FakeClock
from tokenpulse.batches.operations import Calls, Operations
from tokenpulse.breakers.breaker_memory import BreakerMemory
from tokenpulse.breakers.breakers import ROUNDS, TRANSITION, Breakers
from tokenpulse.guard import Guard
from tokenpulse.writing.script_call import Script
from tokenpulse_shared.breaker import SLOT_SECONDS, BreakerPolicy
from tokenpulse_shared.circuits.circuit_codec import HeldCircuit, circuit_fields, decode_circuit
from tokenpulse_shared.circuits.circuit_moves import transition_call
from tokenpulse_shared.keyspace import CIRCUIT_RETENTION_SECONDS, Keyspace

_KEYS = Keyspace()
_KEY = _KEYS.circuit("p", "m")
_APPLY = Script("apply")


class _Writer:
    """Count calls in Redis as a flush does, then look at the breakers."""

    def __init__(self, client: redis.Redis, name: str, policy: BreakerPolicy | None = None) -> None:
        self._client = client
        self._name = name
        self._sequence = 0
        self.guard = Guard(FakeClock())
        self.memory = BreakerMemory(FakeClock().monotonic)
        self.breakers = Breakers(client, _KEYS, self.guard, self.memory, policy)

    def apply(self, calls: Calls) -> None:
        operations = Operations()
        operations.calls(_KEYS.circuit("p", calls.model), _KEYS.circuit_totals("p"), calls)
        arguments = (self._name, self._sequence, self._sequence + 1, 600, operations.encode())
        assert _APPLY.call(self._client, "guard:{p}", *arguments)[0] == b"OK"
        self._sequence += 1

    def now(self) -> float:
        seconds, microseconds = self._client.time()
        return float(seconds) + float(microseconds) / 1e6

    def flush(self, successes: int, faults: int, *, later: float = 0.0, model: str = "m") -> HeldCircuit:
        """Apply calls and look, `later` seconds from now; return what Redis holds then."""
        calls = Calls(model, successes, faults, faults)
        self.apply(calls)
        now = self.now() + later
        self.breakers.look("p", [calls], now)
        return decode_circuit(self._client.hgetall(_KEYS.circuit("p", model)), now, 60)

    def transitions(self) -> int:
        return self.guard.counts().get("breaker_transitions", 0)


def _counted(client: redis.Redis) -> dict[bytes, bytes]:
    counted: dict[bytes, bytes] = client.hgetall(_KEYS.circuit_totals("p"))
    return counted


@pytest.fixture
def writers(redis_client: redis.Redis) -> tuple[_Writer, _Writer]:
    return _Writer(redis_client, "one"), _Writer(redis_client, "two")


def test_two_writers_open_half_open_and_close(
    writers: tuple[_Writer, _Writer], redis_client: redis.Redis
) -> None:
    """Faults of two writers in a row open it once; two successes, one from each, close it."""
    one, two = writers
    assert one.flush(0, 3).circuit.state == "CLOSED"
    opened = two.flush(0, 2)
    assert (opened.circuit.state, opened.circuit.version, opened.streak) == ("OPEN", 1, 5)
    assert (opened.circuit.open_seconds, opened.circuit.opened_at) == (60.0, opened.circuit.changed_at)
    assert redis_client.ttl(_KEY) == CIRCUIT_RETENTION_SECONDS

    still = one.flush(1, 0, later=50.0)
    assert (still.circuit.state, still.circuit.version) == ("OPEN", 1)

    probed = one.flush(1, 0, later=70.0)
    assert (probed.circuit.state, probed.circuit.half_open_successes) == ("HALF_OPEN", 1)

    closed = two.flush(1, 0, later=71.0)
    assert (closed.circuit.state, closed.circuit.opened_at, closed.circuit.version) == ("CLOSED", None, 3)
    assert (one.transitions(), two.transitions()) == (1, 2)
    assert _counted(redis_client) == {
        b"moved:CLOSED:OPEN": b"1", b"moved:OPEN:HALF_OPEN": b"1", b"moved:HALF_OPEN:CLOSED": b"1",
        b"failure:CLOSED": b"5", b"success:OPEN": b"2", b"success:HALF_OPEN": b"1",
    }  # fmt: skip


def test_a_fault_while_half_open_opens_for_twice_as_long(writers: tuple[_Writer, _Writer]) -> None:
    """Each re-opening doubles the time, up to the limit."""
    one, _ = writers
    now, seconds = 0.0, []
    seconds.append(one.flush(0, 5).circuit.open_seconds)
    for _ in range(4):
        now += seconds[-1] + 1
        held = one.flush(0, 1, later=now)
        assert held.circuit.state == "OPEN"
        seconds.append(held.circuit.open_seconds)

    assert seconds == [60.0, 120.0, 240.0, 300.0, 300.0]


def test_the_ratio_opens_only_with_enough_calls(writers: tuple[_Writer, _Writer]) -> None:
    """Half of the calls failing opens from ten calls on, however they are spread over writers."""
    one, two = writers
    assert one.flush(3, 3).circuit.state == "CLOSED"
    assert two.flush(2, 1).circuit.state == "CLOSED"
    assert one.flush(0, 1).circuit.state == "OPEN"


def test_a_transition_that_another_writer_made_first_is_not_made_twice(
    writers: tuple[_Writer, _Writer], redis_client: redis.Redis
) -> None:
    """A writer whose picture is out of date changes nothing."""
    one, _ = writers
    one.apply(Calls("m", 0, 5, 5))
    stale = decode_circuit(redis_client.hgetall(_KEY), one.now(), 60).circuit
    opened = one.flush(0, 1).circuit
    late = transition_call(_KEYS, ("p", "m"), replace(stale, state="HALF_OPEN"), (("CLOSED", "OPEN"),), 1.0)
    assert TRANSITION.call_all(redis_client, [late]) == [0]

    assert _counted(redis_client) == {b"moved:CLOSED:OPEN": b"1", b"failure:CLOSED": b"6"}
    fields = redis_client.hgetall(_KEY)
    assert fields[b"state"] == b"OPEN"
    assert fields[b"version"] == b"1"
    assert fields[b"opened_at"].decode() == circuit_fields(opened)["opened_at"]


def test_an_open_breaker_is_found_by_a_writer_that_saw_no_fault(writers: tuple[_Writer, _Writer]) -> None:
    """A writer that only has successes closes a breaker that another one opened before it went."""
    one, two = writers
    two.flush(1, 0)
    one.flush(0, 5)
    two.flush(1, 0, later=70.0)

    assert two.flush(1, 0, later=71.0).circuit.state == "CLOSED"


def test_faults_before_the_last_move_are_not_judged_again(writers: tuple[_Writer, _Writer]) -> None:
    """Faults that opened it do not open it anew once it has closed."""
    one, _ = writers
    policy = BreakerPolicy(open_seconds=0.0, consecutive_failures=1_000)
    one.breakers = Breakers(one._client, _KEYS, one.guard, one.memory, policy)
    assert one.flush(0, 10).circuit.state == "OPEN"
    assert one.flush(2, 0).circuit.state == "CLOSED"

    held = one.flush(1, 1)
    assert (held.circuit.state, held.calls.faults) == ("CLOSED", 11)


def test_a_slot_outside_the_window_does_not_count(writers: tuple[_Writer, _Writer]) -> None:
    """Old calls are as if they had never been."""
    one, _ = writers
    one.breakers = Breakers(
        one._client, _KEYS, one.guard, one.memory, BreakerPolicy(consecutive_failures=1_000)
    )
    one.flush(0, 9)

    assert one.flush(0, 1, later=60.0 + SLOT_SECONDS).calls.faults == 0
    assert one.flush(0, 1).circuit.state == "OPEN"


def test_a_circuit_that_holds_something_else_is_left_alone(
    writers: tuple[_Writer, _Writer], redis_client: redis.Redis
) -> None:
    """A foreign key or foreign fields stop neither the flush nor the other breakers."""
    one, _ = writers
    redis_client.set(_KEYS.circuit("p", "foreign"), "mine")
    redis_client.hset(_KEY, mapping={"slot:99": "x", "streak": "nan", "version": "0", "opened_at": "inf"})
    one.apply(Calls("m", 0, 5, 5))
    redis_client.hset(_KEY, "streak", "inf")
    one.breakers.look("p", [Calls("foreign", 0, 9, 9), Calls("m", 0, 5, 5)], one.now())

    assert redis_client.get(_KEYS.circuit("p", "foreign")) == b"mine"
    assert redis_client.hget(_KEY, "state") is None


class _Raced(Breakers):
    """Have something happen in Redis between each look and its write; `happens` says what, once a list item."""

    def __init__(self, writer: _Writer, *happens: Callable[[redis.Redis], object]) -> None:
        super().__init__(writer._client, _KEYS, writer.guard, writer.memory)
        self._happens = list(happens)

    def _write(self, provider: str, changes: Sequence[Any], now: float) -> list[Calls]:
        if self._happens:
            self._happens.pop(0)(self._client)
        return super()._write(provider, changes, now)


def _another_writer_moves(client: redis.Redis) -> None:
    client.hincrby(_KEY, "version", 1)


@pytest.mark.parametrize("times", [2, ROUNDS - 1])
def test_a_writer_that_was_outrun_looks_again(
    writers: tuple[_Writer, _Writer], redis_client: redis.Redis, times: int
) -> None:
    """Its calls are judged by what the other left: no probe's success is lost."""
    one, two = writers
    one.flush(0, 5)
    assert one.flush(1, 0, later=61.0).circuit.half_open_successes == 1
    two.breakers = _Raced(two, *[_another_writer_moves] * times)

    assert two.flush(1, 0, later=62.0).circuit.state == "CLOSED"
    assert _counted(redis_client)[b"moved:HALF_OPEN:CLOSED"] == b"1"
    assert "breaker_contended" not in two.guard.counts()


def test_a_writer_that_is_always_outrun_gives_up(writers: tuple[_Writer, _Writer]) -> None:
    """It goes on with its flush; that is counted."""
    one, _ = writers
    one.breakers = _Raced(one, *[_another_writer_moves] * ROUNDS)

    assert one.flush(0, 5).circuit.state == "CLOSED"
    assert one.guard.counts()["breaker_contended"] == 1


def test_a_refused_move_costs_only_itself(
    writers: tuple[_Writer, _Writer], redis_client: redis.Redis
) -> None:
    """A key that became something else meanwhile is left alone and counted; the flush goes on."""
    one, _ = writers
    one.breakers = _Raced(one, lambda client: (client.delete(_KEY), client.set(_KEY, "theirs")))
    calls = Calls("m", 0, 5, 5)
    one.apply(calls)
    one.breakers.look("p", [calls], one.now())

    assert redis_client.get(_KEY) == b"theirs"
    assert one.guard.counts()["fault:breaker_refused"] == 1
