"""Tests of the clock that cuts the windows."""

from tests.support.clock import FakeClock
from tokenpulse.bucket_clock import BucketClock


def test_follows_the_server_from_the_middle_of_the_round_trip() -> None:
    """An answer after 2 s that says 301 s ahead of its middle moves the clock by 301 s, once."""
    clock = FakeClock(time=1_000.0)
    bucket_clock = BucketClock(clock, follows_server=True)
    asked_at = bucket_clock.now()
    clock.advance(2.0)
    bucket_clock.synchronise(1_302.0, asked_at)

    assert bucket_clock.offset_seconds == 301.0
    assert bucket_clock.now() == 1_303.0

    asked_at = bucket_clock.now()
    bucket_clock.synchronise(1_303.0, asked_at)

    assert bucket_clock.now() == 1_303.0


def test_given_clock_is_never_corrected() -> None:
    """A replay's clock names the windows, whatever Redis says."""
    bucket_clock = BucketClock(FakeClock(time=1_000.0), follows_server=False)
    bucket_clock.synchronise(5_000.0, 1_000.0)

    assert bucket_clock.now() == 1_000.0
