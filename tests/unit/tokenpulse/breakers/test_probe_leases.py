"""Tests of how one process holds its leases of probes."""

import pytest

from tests.support.clock import FakeClock
from tokenpulse.breakers.probe_leases import LEASE_SECONDS, PROBE_SECONDS, WANTED_SECONDS, Lease, ProbeLeases

SERIES = ("p", "m")


class _Held:
    """Hold leases that Redis grants as told."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.leases = ProbeLeases(self.clock.monotonic)

    def ask(self) -> None:
        self.leases.asked_at[SERIES] = self.clock.monotonic()

    def take(self) -> Lease | None:
        return self.leases.take(SERIES, self.clock.monotonic())

    def exchange(self, *, is_granted: bool = True, is_half_open: bool = True) -> tuple[int, int, int]:
        """Ask Redis once; return how many leases were given back, renewed, wanted."""
        requests = self.leases.requests({SERIES} if is_half_open else set())
        if not requests:
            return 0, 0, 0
        request = requests[SERIES]
        held = {*request.renewed, *request.wanted} if is_granted else set[str]()
        self.leases.settle(SERIES, request, held, self.clock.monotonic())
        return len(request.returned), len(request.renewed), len(request.wanted)


@pytest.fixture
def held() -> _Held:
    return _Held()


def test_nothing_is_asked_for_that_nobody_wants(held: _Held) -> None:
    """A half-open breaker nobody asked about fetches no lease; one that is not half open neither."""
    assert held.exchange() == (0, 0, 0)
    held.ask()
    assert held.exchange(is_half_open=False) == (0, 0, 0)


def test_one_lease_is_kept_at_hand(held: _Held) -> None:
    """It is renewed, no second one is fetched; once it is in use the next is."""
    held.ask()
    assert held.exchange() == (0, 0, 1)
    held.ask()
    assert held.exchange() == (0, 1, 0)
    assert held.take() is not None
    assert held.take() is None
    assert held.exchange() == (0, 1, 1)


def test_a_lease_nobody_wants_any_more_is_given_back(held: _Held) -> None:
    """Some seconds after the last question others may have it."""
    held.ask()
    held.exchange()
    held.clock.advance(WANTED_SECONDS)
    assert held.exchange() == (0, 1, 0)
    held.clock.advance(0.001)

    assert held.exchange() == (1, 0, 0)
    assert held.exchange() == (0, 0, 0)
    assert held.take() is None


def test_an_unused_lease_is_given_back_when_the_breaker_moved(held: _Held) -> None:
    """One in use is renewed until its call is over: it counts when the breaker is half open again."""
    held.ask()
    held.exchange()
    used = held.take()
    held.exchange()
    assert held.exchange(is_half_open=False) == (1, 1, 0)
    assert used is not None
    held.leases.give_back(used)

    assert held.exchange(is_half_open=False) == (1, 0, 0)


def test_a_lease_that_was_not_granted_is_none(held: _Held) -> None:
    """It is asked for again at the next flush."""
    held.ask()
    assert held.exchange(is_granted=False) == (0, 0, 1)
    assert held.take() is None
    assert held.exchange() == (0, 0, 1)


def test_a_lease_that_was_lost_is_forgotten(held: _Held) -> None:
    """What Redis does not hold any more is not renewed again, nor given back."""
    held.ask()
    held.exchange()
    used = held.take()
    assert held.exchange(is_granted=False)[1] == 1
    assert used is not None
    held.leases.give_back(used)

    assert held.exchange(is_half_open=False) == (0, 0, 0)


def test_a_call_whose_end_nobody_tells_ends_by_itself(held: _Held) -> None:
    """After two minutes its lease is given back; a call in a block may take longer."""
    held.ask()
    held.exchange()
    lease = held.take()
    held.exchange(is_half_open=False)
    held.clock.advance(PROBE_SECONDS)
    assert held.exchange(is_half_open=False) == (0, 1, 0)
    assert lease is not None
    lease.is_awaited = True
    held.clock.advance(3600.0)
    assert held.exchange(is_half_open=False) == (0, 1, 0)
    lease.is_awaited = False

    assert held.exchange(is_half_open=False) == (1, 0, 0)


def test_what_is_given_back_is_told_until_redis_knows(held: _Held) -> None:
    """A flush that fails between loses nothing; a lease released meanwhile is not revived by the answer."""
    held.ask()
    held.exchange()
    lease = held.take()
    assert lease is not None
    request = held.leases.requests({SERIES})[SERIES]
    held.leases.give_back(lease)
    held.leases.settle(SERIES, request, {*request.renewed}, held.clock.monotonic())

    assert held.leases.requests(set())[SERIES].returned == [lease.id]
    assert held.leases.requests(set())[SERIES].returned == [lease.id]


@pytest.mark.parametrize(
    ("seconds", "is_handed_out"), [(LEASE_SECONDS / 2, True), (LEASE_SECONDS / 2 + 0.001, False)]
)
def test_a_lease_is_handed_out_while_it_lasts(held: _Held, seconds: float, is_handed_out: bool) -> None:
    """Half its time must be left, counted from when Redis was asked."""
    held.ask()
    held.exchange()
    held.clock.advance(seconds)

    assert (held.take() is not None) == is_handed_out
