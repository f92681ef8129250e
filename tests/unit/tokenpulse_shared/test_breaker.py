"""Tests of the circuit breaker's machine: its boundaries, then any sequence against a table of transitions."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tokenpulse_shared.breaker import (
    NOT_TIMED,
    BreakerPolicy,
    Calls,
    Circuit,
    Order,
    Slowness,
    advance,
    moves_of_advance,
    moves_of_order,
    ordered,
)

_POLICY = BreakerPolicy()
_CLOSED = Circuit()
_OPEN = Circuit(state="OPEN", changed_at=1_000.0, opened_at=1_000.0, open_seconds=60.0, version=3)
_HALF_OPEN = replace(_OPEN, state="HALF_OPEN", changed_at=1_060.0)
_FAULT = Calls(streak=1, window_faults=1, new_faults=1)


def _window(successes: int, faults: int, *, streak: int = 1, new_faults: int = 1) -> Calls:
    return Calls(window_successes=successes, window_faults=faults, streak=streak, new_faults=new_faults)


@pytest.mark.parametrize(
    ("successes", "faults", "state"),
    [
        (51, 49, "CLOSED"),
        (50, 50, "OPEN"),
        (49, 51, "OPEN"),
        (4, 5, "CLOSED"),  # 9 calls
        (5, 5, "OPEN"),  # 10 calls
        (6, 4, "CLOSED"),
        (0, 9, "CLOSED"),
        (0, 10, "OPEN"),
    ],
)
def test_opens_by_ratio_of_enough_calls(successes: int, faults: int, state: str) -> None:
    """At half of ten calls it opens, below either it does not."""
    assert advance(_CLOSED, _window(successes, faults), _POLICY, 5.0).state == state


@pytest.mark.parametrize(("streak", "state"), [(4, "CLOSED"), (5, "OPEN"), (6, "OPEN")])
def test_opens_by_faults_in_a_row(streak: int, state: str) -> None:
    """The fifth fault in a row opens it, however few calls there were."""
    assert advance(_CLOSED, _window(0, streak, streak=streak), _POLICY, 5.0).state == state


def test_opened_circuit_says_since_when_and_for_how_long() -> None:
    """An opened circuit remembers the moment and the first time to wait."""
    opened = advance(replace(_CLOSED, version=7), _window(0, 5, streak=5), _POLICY, 5.0)

    assert opened == Circuit(state="OPEN", changed_at=5.0, opened_at=5.0, open_seconds=60.0, version=7)
    assert opened.retry_at == 65.0


def test_a_look_without_a_new_fault_does_not_open() -> None:
    """Old faults in the window open nothing by themselves: something must have failed since the last look."""
    assert advance(_CLOSED, _window(0, 50, streak=50, new_faults=0), _POLICY, 5.0) is _CLOSED


@pytest.mark.parametrize(
    ("now", "state"), [(1_059.999, "OPEN"), (1_060.0, "HALF_OPEN"), (1_060.001, "HALF_OPEN")]
)
def test_probes_begin_at_the_millisecond(now: float, state: str) -> None:
    """Before its time an open circuit stays as it is, from then on it is half open."""
    circuit = advance(_OPEN, Calls(), _POLICY, now)

    assert circuit.state == state
    assert (circuit is _OPEN) == (state == "OPEN")
    assert advance(_OPEN, Calls(new_successes=1), _POLICY, now).state == state


def test_calls_of_the_look_that_half_opens_are_probes() -> None:
    """Two successes at once close it, one fault opens it again for twice as long."""
    closed = advance(_OPEN, Calls(new_successes=2), _POLICY, 1_061.0)
    again = advance(_OPEN, Calls(new_successes=9, new_faults=1), _POLICY, 1_061.0)

    assert closed == Circuit(state="CLOSED", changed_at=1_061.0, version=3)
    assert (again.state, again.opened_at, again.open_seconds) == ("OPEN", 1_061.0, 120.0)


@pytest.mark.parametrize(
    ("held", "again"), [(60.0, 120.0), (120.0, 240.0), (149.0, 298.0), (150.0, 300.0), (300.0, 300.0)]
)
def test_waits_double_up_to_the_limit(held: float, again: float) -> None:
    """Each re-opening doubles the wait, never past the limit."""
    assert advance(replace(_HALF_OPEN, open_seconds=held), _FAULT, _POLICY, 2_000.0).open_seconds == again


def test_successes_of_several_looks_close_it() -> None:
    """One success is remembered, the second closes; a look without calls changes nothing."""
    one = advance(_HALF_OPEN, Calls(new_successes=1), _POLICY, 1_062.0)

    assert (one.state, one.half_open_successes, one.changed_at) == ("HALF_OPEN", 1, 1_060.0)
    assert advance(one, Calls(), _POLICY, 1_063.0) is one
    assert advance(one, Calls(new_successes=1), _POLICY, 1_064.0).state == "CLOSED"


def test_an_open_circuit_that_forgot_when_it_opened_is_probed() -> None:
    """Without a moment of opening there is nothing to wait for."""
    lost = replace(_OPEN, opened_at=None)

    assert lost.retry_at is None
    assert advance(lost, Calls(), _POLICY, 0.0).state == "HALF_OPEN"


def test_retry_is_for_open_circuits() -> None:
    """A closed or half-open circuit has no time to wait for."""
    assert _CLOSED.retry_at is None
    assert _HALF_OPEN.retry_at is None
    assert _OPEN.retry_at == 1_060.0


def test_ratio_of_no_calls_is_unknown() -> None:
    """Without calls there is no ratio; with some it is faults over all."""
    assert Calls().failure_ratio is None
    assert Calls(window_successes=3, window_faults=1).failure_ratio == 0.25


def _slow(window: Slowness) -> Calls:
    return Calls(
        window_successes=window.timed, window_latency=window, new_successes=1, new_latency=Slowness(1, 1)
    )


@pytest.mark.parametrize(
    ("slow", "timed", "state"),
    [
        (4, 9, "CLOSED"),
        (9, 9, "CLOSED"),
        (4, 10, "CLOSED"),
        (5, 10, "OPEN"),
        (49, 99, "CLOSED"),
        (50, 100, "OPEN"),
    ],
)
def test_opens_by_slow_calls(slow: int, timed: int, state: str) -> None:
    """At half of ten timed calls slow it opens, by latency as by first tokens, though none failed."""
    calls = _slow(Slowness(slow, timed))
    by_ttft = replace(
        calls, window_latency=NOT_TIMED, new_latency=NOT_TIMED, window_ttft=Slowness(slow, timed)
    )

    assert advance(_CLOSED, calls, _POLICY, 5.0).state == state
    assert advance(_CLOSED, replace(by_ttft, new_ttft=Slowness(1, 1)), _POLICY, 5.0).state == state
    assert advance(_CLOSED, by_ttft, _POLICY, 5.0) is _CLOSED


def test_slow_rates_have_a_ratio_of_their_own() -> None:
    """A policy may want more of the calls to be slow."""
    calls = _slow(Slowness(7, 10))

    assert advance(_CLOSED, calls, replace(_POLICY, slow_ratio=0.8), 5.0) is _CLOSED
    assert advance(_CLOSED, calls, replace(_POLICY, slow_ratio=0.7), 5.0).state == "OPEN"


@pytest.mark.parametrize(
    ("slow", "timed", "state"), [(0, 2, "CLOSED"), (1, 3, "CLOSED"), (1, 2, "OPEN"), (1, 1, "OPEN")]
)
def test_slow_probes_open_it_again(slow: int, timed: int, state: str) -> None:
    """Probes that succeed too slowly, half of a look's or more, are no recovery."""
    calls = Calls(new_successes=timed, new_ttft=Slowness(slow, timed))
    probed = advance(_HALF_OPEN, replace(calls, new_successes=2), _POLICY, 1_070.0)

    assert probed.state == state
    assert probed.open_seconds == (0.0 if state == "CLOSED" else 120.0)


@pytest.mark.parametrize("circuit", [_CLOSED, _OPEN, _HALF_OPEN])
def test_orders_hold_until_the_next(circuit: Circuit) -> None:
    """Whatever it was, and whatever comes, a forced circuit stays; a reset one begins anew."""
    opened, closed = ordered(circuit, "open", 9.0), ordered(circuit, "close", 9.0)
    reset = ordered(opened, "reset", 10.0)

    assert (opened.state, opened.forced, opened.retry_at) == ("OPEN", "open", None)
    assert opened.opened_at == (9.0 if circuit is _CLOSED else 1_000.0)
    assert opened.changed_at == (1_000.0 if circuit is _OPEN else 9.0)
    assert (closed.state, closed.forced, closed.opened_at) == ("CLOSED", "closed", None)
    for forced in (opened, closed):
        assert advance(forced, _window(0, 99, streak=99), _POLICY, 1e9) is forced
        assert advance(forced, Calls(new_successes=9), _POLICY, 1e9) is forced
    assert reset == Circuit(changed_at=10.0, version=circuit.version)
    assert [held.is_at_rest for held in (opened, closed, reset, _OPEN)] == [False, False, True, False]


def test_moves_name_every_state_passed() -> None:
    """An open circuit that a look finds due was half open on its way; an order goes straight."""
    half_open = advance(_OPEN, Calls(), _POLICY, 1_060.0)
    closed = advance(_OPEN, Calls(new_successes=2), _POLICY, 1_060.0)
    again = advance(_OPEN, Calls(new_faults=1), _POLICY, 1_060.0)
    one = advance(_HALF_OPEN, Calls(new_successes=1), _POLICY, 1_061.0)
    opened = advance(_CLOSED, _window(0, 5, streak=5), _POLICY, 5.0)

    assert moves_of_advance(_OPEN, half_open) == (("OPEN", "HALF_OPEN"),)
    assert moves_of_advance(_OPEN, closed) == (("OPEN", "HALF_OPEN"), ("HALF_OPEN", "CLOSED"))
    assert moves_of_advance(_OPEN, again) == (("OPEN", "HALF_OPEN"), ("HALF_OPEN", "OPEN"))
    assert moves_of_advance(_HALF_OPEN, one) == ()
    assert moves_of_advance(_CLOSED, opened) == (("CLOSED", "OPEN"),)
    assert moves_of_advance(_OPEN, _OPEN) == ()
    assert moves_of_order(_OPEN, ordered(_OPEN, "close", 9.0)) == (("OPEN", "CLOSED"),)
    assert moves_of_order(_OPEN, ordered(_OPEN, "open", 9.0)) == ()


class _Look(NamedTuple):
    """Hold what a look sees, in whole numbers; `late`: ticks past the time to retry."""

    good: int
    bad: int
    streak: int
    slow: int
    timed: int
    new_good: int
    new_bad: int
    new_slow: int
    late: int


_RULES: tuple[tuple[str, Callable[[_Look, int], bool], str], ...] = (
    ("OPEN", lambda look, _: look.late < 0, "OPEN"),
    ("OPEN", lambda look, _: look.new_bad > 0, "OPEN AGAIN"),
    ("OPEN", lambda look, _: look.new_good + look.new_bad > 0 and look.new_slow > 0, "OPEN AGAIN"),
    ("OPEN", lambda look, _: look.new_good >= 2, "CLOSED"),
    ("OPEN", lambda _, __: True, "HALF_OPEN"),
    ("HALF_OPEN", lambda look, _: look.new_bad > 0, "OPEN AGAIN"),
    ("HALF_OPEN", lambda look, _: look.new_good > 0 and look.new_slow > 0, "OPEN AGAIN"),
    ("HALF_OPEN", lambda look, before: before + look.new_good >= 2, "CLOSED"),
    ("HALF_OPEN", lambda _, __: True, "HALF_OPEN"),
    ("CLOSED", lambda look, _: look.new_bad > 0 and look.streak >= 5, "OPEN"),
    (
        "CLOSED",
        lambda look, _: look.new_bad > 0 and look.good + look.bad >= 10 and look.bad >= look.good,
        "OPEN",
    ),
    (
        "CLOSED",
        lambda look, _: look.new_slow > 0 and look.timed >= 10 and 2 * look.slow >= look.timed,
        "OPEN",
    ),
    ("CLOSED", lambda _, __: True, "CLOSED"),
)
"""State, condition on the look with the successes of the probes before it, next state: the first that holds counts."""
_TICKS = 1024
"""Ticks in a second: their sums are exact."""
_WAITS = {60.0: 120.0, 120.0: 240.0, 240.0: 300.0, 300.0: 300.0}


class _AgainstTable(RuleBasedStateMachine):
    """Drive the machine with any calls, orders and times; expect what the table of transitions says."""

    def __init__(self) -> None:
        super().__init__()
        self.circuit = Circuit()
        self.tick = 1_000_000 * _TICKS
        self.state = "CLOSED"
        self.forced: str | None = None
        self.probes = 0
        self.waits = 0.0
        self.due_tick = 0

    @property
    def now(self) -> float:
        return self.tick / _TICKS

    @rule(ticks=st.sampled_from([1, _TICKS, 60 * _TICKS - 1, 60 * _TICKS, 120 * _TICKS, 300 * _TICKS]))
    def wait(self, ticks: int) -> None:
        self.tick += ticks

    @precondition(lambda self: self.state == "OPEN" and self.forced is None)
    @rule(late=st.sampled_from([-1, 0, 1]))
    def wait_for_the_edge(self, late: int) -> None:
        self.tick = max(self.tick, self.due_tick + late)

    @rule(order=st.sampled_from(["open", "close", "reset"]))
    def command(self, order: Order) -> None:
        self.circuit = ordered(self.circuit, order, self.now)
        self.state = "OPEN" if order == "open" else "CLOSED"
        self.forced = {"open": "open", "close": "closed", "reset": None}[order]

    @rule(
        good=st.integers(0, 12), bad=st.integers(0, 12), streak=st.integers(0, 7), slow=st.integers(0, 12),
        fast=st.integers(0, 12), new_good=st.integers(0, 3), new_bad=st.integers(0, 2), new_slow=st.integers(0, 1),
    )  # fmt: skip
    def look(
        self,
        good: int,
        bad: int,
        streak: int,
        slow: int,
        fast: int,
        new_good: int,
        new_bad: int,
        new_slow: int,
    ) -> None:
        calls = Calls(
            window_successes=good, window_faults=bad, window_latency=Slowness(slow, slow + fast), streak=streak,
            new_successes=new_good, new_faults=new_bad, new_latency=Slowness(new_slow, new_slow),
        )  # fmt: skip
        before = self.circuit
        self.circuit = advance(before, calls, _POLICY, self.now)
        assert advance(before, calls, _POLICY, self.now) == self.circuit
        late = self.tick - self.due_tick
        self._expect(_Look(good, bad, streak, slow, slow + fast, new_good, new_bad, new_slow, late))
        hops = moves_of_advance(before, self.circuit)
        reached = [before.state, *(state for _, state in hops)]
        assert [hop[0] for hop in hops] == reached[:-1]
        assert reached[-1] == self.circuit.state

    def _expect(self, look: _Look) -> None:
        if self.forced is not None:
            return
        known = self.probes if self.state == "HALF_OPEN" else 0
        after = next(name for state, holds, name in _RULES if state == self.state and holds(look, known))
        if after == "OPEN AGAIN" or (after, self.state) == ("OPEN", "CLOSED"):
            self.waits = _WAITS[self.waits] if after == "OPEN AGAIN" else 60.0
            self.due_tick = self.tick + int(self.waits) * _TICKS
            after = "OPEN"
        self.probes = known + look.new_good if after == "HALF_OPEN" else 0
        self.state = after

    @invariant()
    def agrees_with_the_table(self) -> None:
        assert (self.circuit.state, self.circuit.forced) == (self.state, self.forced)
        if self.state == "OPEN" and self.forced is None:
            assert self.circuit.retry_at == self.due_tick / _TICKS
            assert self.circuit.open_seconds == self.waits
        if self.state == "HALF_OPEN":
            assert self.circuit.half_open_successes == self.probes
        if self.state == "CLOSED":
            assert self.circuit.opened_at is None


TestAgainstTable = _AgainstTable.TestCase
TestAgainstTable.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
