"""Tests of the clock that cuts the windows."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import FakeClock
from tokenpulse.bucket_clock import DRIFT, BucketClock
from tokenpulse_shared.plausible_time import EARLIEST, LATEST

SERVER = 1_800_000_000.0


def _asked(bucket_clock: BucketClock, clock: FakeClock, *, server_time: float, seconds: float) -> bool:
    """Ask Redis, which answers after so many seconds that it was `server_time` half-way."""
    asked_at = bucket_clock.now()
    clock.advance(seconds)
    return bucket_clock.synchronise(server_time, asked_at)


def test_follows_the_server_from_the_middle_of_the_round_trip() -> None:
    """An answer after 2 s that says 301 s ahead of its middle moves the clock by 301 s, once."""
    clock = FakeClock(time=SERVER)
    bucket_clock = BucketClock(clock, follows_server=True)
    before = bucket_clock.stamp()

    assert not bucket_clock.is_settled
    assert _asked(bucket_clock, clock, server_time=SERVER + 302.0, seconds=2.0)
    assert bucket_clock.is_settled
    assert bucket_clock.offset_seconds == 301.0
    assert bucket_clock.now() == SERVER + 303.0
    assert bucket_clock.at(before) == SERVER + 301.0

    assert _asked(bucket_clock, clock, server_time=SERVER + 303.0, seconds=0.0)
    assert bucket_clock.now() == SERVER + 303.0


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_a_jump_of_the_wall_clock_moves_nothing(seconds: float) -> None:
    """Before the first measurement and after it, only the offset that is told follows the host's clock."""
    clock = FakeClock(time=SERVER)
    bucket_clock = BucketClock(clock, follows_server=True)
    clock.jump(seconds)

    assert bucket_clock.now() == SERVER

    _asked(bucket_clock, clock, server_time=SERVER, seconds=0.0)
    clock.jump(seconds)
    clock.advance(5.0)

    assert bucket_clock.now() == SERVER + 5.0
    assert bucket_clock.offset_seconds == -seconds

    _asked(bucket_clock, clock, server_time=SERVER + 5.0, seconds=0.0)

    assert bucket_clock.now() == SERVER + 5.0
    assert bucket_clock.offset_seconds == -2 * seconds


def test_a_slow_answer_does_not_worsen_a_good_measurement() -> None:
    """After a round trip of 2 ms one of 1 s says nothing new; one of 3 ms does once the first has aged."""
    clock = FakeClock(time=SERVER)
    bucket_clock = BucketClock(clock, follows_server=True)
    _asked(bucket_clock, clock, server_time=SERVER + 0.001, seconds=0.002)
    _asked(bucket_clock, clock, server_time=SERVER + 0.9, seconds=1.0)

    assert bucket_clock.now() == pytest.approx(SERVER + 1.002, abs=1e-6)

    clock.advance(0.0005 / DRIFT)
    held = bucket_clock.now()
    _asked(bucket_clock, clock, server_time=held + 0.0025, seconds=0.003)

    assert bucket_clock.now() == pytest.approx(held + 0.004, abs=1e-6)


def test_a_clock_of_redis_that_was_set_is_followed_at_once() -> None:
    """What a round trip cannot explain is another server, or the same one corrected: also by a slow answer."""
    clock = FakeClock(time=SERVER)
    bucket_clock = BucketClock(clock, follows_server=True)
    _asked(bucket_clock, clock, server_time=SERVER, seconds=0.0)
    _asked(bucket_clock, clock, server_time=SERVER - 99.5, seconds=1.0)

    assert bucket_clock.now() == SERVER - 99.0


@pytest.mark.parametrize("absurd", [0.0, -1.0, EARLIEST - 1, LATEST, 1e300, math.inf, -math.inf, math.nan])
def test_an_absurd_time_is_not_believed(absurd: float) -> None:
    """A Redis that says 1970 moves nothing; a sensible answer later does."""
    clock = FakeClock(time=SERVER)
    bucket_clock = BucketClock(clock, follows_server=True)

    assert not _asked(bucket_clock, clock, server_time=absurd, seconds=0.0)
    assert not bucket_clock.is_settled
    assert bucket_clock.now() == SERVER
    assert _asked(bucket_clock, clock, server_time=SERVER + 7.0, seconds=0.0)
    assert bucket_clock.now() == SERVER + 7.0


@given(
    st.floats(-3600, 3600),
    st.lists(st.tuples(st.floats(0, 2), st.floats(0, 1), st.floats(0, 100)), min_size=1, max_size=20),
)
def test_the_error_stays_within_the_best_round_trip(
    skew: float, answers: list[tuple[float, float, float]]
) -> None:
    """Wherever within its round trips Redis looked at its clock, the time is off by half of the first at most."""
    clock = FakeClock(time=SERVER + skew)
    bucket_clock = BucketClock(clock, follows_server=True)
    for round_trip, share, pause in answers:
        looked_at = clock.time() - skew + round_trip * share
        _asked(bucket_clock, clock, server_time=looked_at, seconds=round_trip)
        clock.advance(pause)

    assert abs(bucket_clock.now() - (clock.time() - skew)) <= answers[0][0] / 2 + 2_000 * DRIFT + 1e-5


def test_given_clock_is_never_corrected() -> None:
    """A replay's clock names the windows, whatever Redis says; it is the wall clock that counts."""
    clock = FakeClock(time=1_000.0)
    bucket_clock = BucketClock(clock, follows_server=False)

    assert bucket_clock.is_settled
    assert bucket_clock.synchronise(5_000.0, 1_000.0)
    assert bucket_clock.now() == bucket_clock.at(bucket_clock.stamp()) == 1_000.0

    clock.jump(50.0)

    assert bucket_clock.now() == 1_050.0
    assert bucket_clock.offset_seconds == 0.0
