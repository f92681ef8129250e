"""Tests of the circuit breaker's machine: its boundaries, then any sequence against a table of transitions."""

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tokenpulse_shared.breaker import BreakerPolicy, Calls, Circuit, advance

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


class _AgainstTable(RuleBasedStateMachine):
    """Drive the machine with any calls at any times; expect what the table of transitions says."""

    def __init__(self) -> None:
        super().__init__()
        self.circuit = Circuit()
        self.now = 1_000_000.0
        self.state = "CLOSED"
        self.probes = 0
        self.waits = 0.0
        self.wait_ends = 0.0

    @rule(seconds=st.sampled_from([0.001, 1.0, 59.999, 60.0, 120.0, 300.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(
        good=st.integers(0, 60), bad=st.integers(0, 60), streak=st.integers(0, 7),
        new_good=st.integers(0, 3), new_bad=st.integers(0, 2),
    )  # fmt: skip
    def look(self, good: int, bad: int, streak: int, new_good: int, new_bad: int) -> None:
        calls = Calls(
            window_successes=good,
            window_faults=bad,
            streak=streak,
            new_successes=new_good,
            new_faults=new_bad,
        )
        before = self.circuit
        self.circuit = advance(before, calls, _POLICY, self.now)
        assert advance(before, calls, _POLICY, self.now) == self.circuit
        self._expect(good, bad, streak, new_good, new_bad)

    def _expect(self, good: int, bad: int, streak: int, new_good: int, new_bad: int) -> None:
        if self.state == "OPEN" and self.now >= self.wait_ends:
            self.state, self.probes = "HALF_OPEN", 0
        if self.state == "CLOSED":
            trips = streak >= 5 or (good + bad >= 10 and 2 * bad >= good + bad)
            if new_bad and trips:
                self._trip(60.0)
        elif self.state == "HALF_OPEN":
            self.probes += new_good
            if new_bad:
                self._trip(min(2 * self.waits, 300.0))
            elif self.probes >= 2:
                self.state = "CLOSED"

    def _trip(self, seconds: float) -> None:
        self.state, self.waits, self.wait_ends = "OPEN", seconds, self.now + seconds

    @invariant()
    def agrees_with_the_table(self) -> None:
        assert self.circuit.state == self.state
        if self.state == "OPEN":
            assert self.circuit.retry_at == self.wait_ends
            assert 60.0 <= self.circuit.open_seconds <= 300.0
        if self.state == "HALF_OPEN":
            assert self.circuit.half_open_successes == self.probes
        if self.state == "CLOSED":
            assert self.circuit.opened_at is None


TestAgainstTable = _AgainstTable.TestCase
