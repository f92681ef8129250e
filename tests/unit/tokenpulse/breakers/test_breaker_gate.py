"""Tests of what answers from memory whether a model may be called."""

import pytest

from tests.support.clock import FakeClock
from tokenpulse.breakers.breaker_gate import (
    ADMITTED,
    FORCED_RETRY_SECONDS,
    MAX_REMEMBERED,
    PROBE_RETRY_SECONDS,
    Breaker,
)
from tokenpulse.breakers.breaker_memory import (
    MAX_UNCOUNTED,
    MAX_WATCHED,
    STALE_SECONDS,
    BreakerMemory,
    Series,
)
from tokenpulse.breakers.probe_leases import LEASE_SECONDS, ProbeLeases
from tokenpulse_shared.breaker import Circuit
from tokenpulse_shared.circuits.circuit_index import MovedCircuit

NOW = 1_700_000_000.0
SERIES = ("p", "m")
OTHER = ("p", "n")


class _Gate:
    """Hold a gate with all its parts; a name is cleaned by taking spaces away."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.memory = BreakerMemory(self.clock.monotonic)
        self.leases = ProbeLeases(self.clock.monotonic)
        self.begun = 0
        self.breaker = Breaker(self.memory, self.leases, lambda name: str(name).strip(), self._begin)

    def _begin(self) -> None:
        self.begun += 1

    def hold(self, *told: tuple[Series, MovedCircuit]) -> None:
        self.memory.watch("p")
        self.memory.replace(dict(told), self.clock.time())

    def half_open(self, *series: Series) -> None:
        self.hold(*((name, MovedCircuit("HALF_OPEN", None, None)) for name in series))

    def grant(self) -> int:
        """Have every lease that is wanted granted; return how many were."""
        granted = 0
        for series, request in self.leases.requests(self.memory.half_open()).items():
            held = {*request.wanted, *request.renewed}
            granted += len(request.wanted)
            self.leases.settle(series, request, held, self.clock.monotonic())
        return granted


@pytest.fixture
def gate() -> _Gate:
    return _Gate()


def _open_until(seconds: float) -> MovedCircuit:
    return MovedCircuit("OPEN", NOW + seconds, None)


def test_the_first_question_starts_the_watch(gate: _Gate) -> None:
    """What is not known yet is let through; its provider is watched from then on, once."""
    answers = [gate.breaker.allow(" p ", "m"), gate.breaker.allow("p", "n"), gate.breaker.allow("q", "m")]

    assert all(answer is ADMITTED for answer in answers)
    assert gate.memory.watched_providers() == ["p", "q"]
    assert gate.begun == 2


def test_an_open_breaker_says_how_long_to_wait(gate: _Gate) -> None:
    """To the millisecond; each refusal is counted; what may be called is true, what may not is false."""
    gate.hold((SERIES, _open_until(60.0)))
    first = gate.breaker.allow("p", "m")
    gate.clock.advance(9.0)
    second = gate.breaker.allow(" p", "m ")

    assert (bool(first), first.retry_after_seconds) == (False, 60.0)
    assert (second.is_allowed, second.retry_after_seconds) == (False, 51.0)
    assert repr(second) == "Admission(False, retry_after_seconds=51.0)"
    assert gate.memory.rejected() == {"p": 2}
    assert gate.breaker.allow("p", "n").is_allowed


@pytest.mark.parametrize(("seconds", "retry"), [(4.999, 0.001), (5.0, PROBE_RETRY_SECONDS)])
def test_an_open_breaker_is_half_open_when_its_time_has_come(
    gate: _Gate, seconds: float, retry: float
) -> None:
    """From then on it waits for a probe, not for the time."""
    gate.hold((SERIES, _open_until(5.0)))
    gate.clock.advance(seconds)

    assert gate.breaker.allow("p", "m").retry_after_seconds == pytest.approx(retry)


def test_breakers_are_not_believed_when_redis_is_away_for_longer(gate: _Gate) -> None:
    """After so many seconds without a refresh everything is let through, forced or not."""
    gate.hold((SERIES, _open_until(60.0)), (OTHER, MovedCircuit("OPEN", None, "open")))
    gate.clock.advance(STALE_SECONDS)
    assert not gate.breaker.allow("p", "m")
    assert not gate.breaker.allow("p", "n")

    gate.clock.advance(0.001)

    assert gate.breaker.allow("p", "m") is ADMITTED
    assert gate.breaker.allow("p", "n") is ADMITTED


def test_what_a_person_ordered_holds(gate: _Gate) -> None:
    """Forced open turns away without a time to retry of its own, forced closed lets everything through."""
    gate.hold((SERIES, MovedCircuit("OPEN", None, "open")), (OTHER, MovedCircuit("CLOSED", None, "closed")))

    assert gate.breaker.allow("p", "m").retry_after_seconds == FORCED_RETRY_SECONDS
    assert gate.breaker.allow("p", "n") is ADMITTED


def test_a_half_open_breaker_hands_out_what_was_leased(gate: _Gate) -> None:
    """Who asks first is turned away, a lease is fetched; the next is a probe, the one after is turned away."""
    gate.half_open(SERIES)
    assert gate.grant() == 0
    assert gate.breaker.allow("p", "m").retry_after_seconds == PROBE_RETRY_SECONDS
    assert gate.grant() == 1
    answers = [gate.breaker.allow("p", "m") for _ in range(2)]

    assert [(answer.is_allowed, answer.is_probe) for answer in answers] == [(True, True), (False, False)]
    assert gate.memory.rejected() == {"p": 2}


def test_a_probe_ends_with_its_block(gate: _Gate) -> None:
    """Leaving the block, by an exception too, gives the lease back; so does `release`, once."""
    gate.half_open(SERIES)
    gate.breaker.allow("p", "m")
    gate.grant()
    with pytest.raises(KeyError), gate.breaker.allow("p", "m") as probe:
        raise KeyError

    request = gate.leases.requests({SERIES})[SERIES]
    assert (len(request.returned), request.renewed, len(request.wanted)) == (1, [], 1)
    probe.release()
    assert gate.leases.requests({SERIES})[SERIES].returned == request.returned


def test_an_admission_at_rest_has_nothing_to_end(gate: _Gate) -> None:
    """Block and `release` do nothing where no probe is out."""
    with gate.breaker.allow("p", "m") as admission:
        admission.release()

    assert not admission.is_probe
    assert gate.leases.requests(set()) == {}


def test_a_lease_that_may_end_soon_is_not_handed_out(gate: _Gate) -> None:
    """When renewing fails for half a lease's time its call could outlast it."""
    gate.half_open(SERIES)
    gate.breaker.allow("p", "m")
    gate.grant()
    gate.clock.advance(LEASE_SECONDS / 2 + 0.001)

    assert not gate.breaker.allow("p", "m")


def test_choose_takes_the_first_that_may_be_called(gate: _Gate) -> None:
    """Those passed over are counted as turned away; names come back as they were given."""
    gate.hold((SERIES, _open_until(60.0)), (OTHER, _open_until(60.0)))
    choice = gate.breaker.choose([(" p", "m"), ("p", "n"), ("q", "m"), ("r", "m")])

    assert choice == ("q", "m", ADMITTED, False)
    assert gate.memory.rejected() == {"p": 2}


def test_choose_fails_open(gate: _Gate) -> None:
    """With every breaker of the route open the first is called after all, and nobody was turned away."""
    gate.hold((SERIES, _open_until(60.0)), (OTHER, _open_until(60.0)))

    assert gate.breaker.choose([SERIES, OTHER]) == (*SERIES, ADMITTED, True)
    assert gate.memory.rejected() == {}


def test_choose_hands_out_a_probe(gate: _Gate) -> None:
    """A half-open candidate with a lease at hand is chosen, and is a probe."""
    gate.half_open(SERIES)
    gate.breaker.allow("p", "m")
    gate.grant()

    assert gate.breaker.choose([SERIES, ("q", "m")]).admission.is_probe


def test_choose_needs_candidates(gate: _Gate) -> None:
    """No candidate is a mistake of the caller's."""
    with pytest.raises(ValueError, match="no candidate"):
        gate.breaker.choose([])


def test_enforcing_turns_away_the_only_model_of_a_route(gate: _Gate) -> None:
    """With one model the breaker decides; it is counted."""
    gate.hold((SERIES, _open_until(60.0)))

    assert gate.breaker.enforced(SERIES, [SERIES]).retry_after_seconds == 60.0
    assert gate.breaker.enforced(OTHER, [SERIES, OTHER]) is ADMITTED
    assert gate.memory.rejected() == {"p": 1}


@pytest.mark.parametrize(
    ("other", "is_allowed"),
    [
        (MovedCircuit("OPEN", NOW + 60.0, None), True),
        (MovedCircuit("OPEN", None, "open"), True),
        (MovedCircuit("HALF_OPEN", None, None), False),
        (MovedCircuit("CLOSED", None, "closed"), False),
        (None, False),
    ],
)
def test_enforcing_fails_open_when_all_of_a_route_are_open(
    gate: _Gate, other: MovedCircuit | None, is_allowed: bool
) -> None:
    """Only if every other model of the route is open as well; nobody is counted then."""
    gate.hold((SERIES, _open_until(60.0)), *([] if other is None else [(OTHER, other)]))

    assert gate.breaker.enforced(SERIES, [SERIES, OTHER]).is_allowed == is_allowed
    assert gate.memory.rejected() == ({} if is_allowed else {"p": 1})


def test_enforcing_lets_probes_through(gate: _Gate) -> None:
    """A half-open model with a lease at hand is called, without one it is not, whatever the others are."""
    gate.hold((SERIES, MovedCircuit("HALF_OPEN", None, None)), (OTHER, _open_until(60.0)))
    assert not gate.breaker.enforced(SERIES, [SERIES, OTHER])
    gate.grant()

    assert gate.breaker.enforced(SERIES, [SERIES, OTHER]).is_probe


def test_what_this_process_moved_is_known_at_once(gate: _Gate) -> None:
    """A breaker it opened turns away before the next refresh, one it closed lets through."""
    gate.hold((OTHER, _open_until(60.0)))
    opened = Circuit(state="OPEN", changed_at=NOW, opened_at=NOW, open_seconds=30.0)
    gate.memory.put("p", "m", opened, NOW)
    gate.memory.put("p", "n", Circuit(), NOW)
    gate.memory.put("unwatched", "m", opened, NOW)

    assert gate.breaker.allow("p", "m").retry_after_seconds == 30.0
    assert gate.breaker.allow("p", "n") is ADMITTED
    assert set(gate.memory.held) == {SERIES}


def test_no_name_raises(gate: _Gate) -> None:
    """What is no text has no breaker; names are remembered within a bound."""
    gate.hold((("[]", "None"), _open_until(60.0)))

    assert not gate.breaker.allow([], None)  # type: ignore[arg-type]  # what apps may do
    for number in range(MAX_REMEMBERED + 1):
        gate.breaker.allow("p", f"m{number}")
    assert len(gate.breaker._cleaned) == 1


def test_rejections_add_up_within_a_bound(gate: _Gate) -> None:
    """However many there are between two flushes, each counts."""
    gate.hold((SERIES, _open_until(60.0)))
    for _ in range(2 * MAX_UNCOUNTED + 1):
        gate.breaker.allow("p", "m")

    assert len(gate.memory._uncounted) == 1
    assert gate.memory.rejected() == {"p": 2 * MAX_UNCOUNTED + 1}


def test_watched_providers_are_bounded(gate: _Gate) -> None:
    """The oldest goes for a new one; watching again changes nothing."""
    for number in range(MAX_WATCHED):
        gate.memory.watch(f"p{number}")
    gate.memory.watch("p0")
    gate.memory.watch("new")

    assert len(gate.memory.watched) == MAX_WATCHED
    assert ("p0" in gate.memory.watched, "new" in gate.memory.watched) == (False, True)
