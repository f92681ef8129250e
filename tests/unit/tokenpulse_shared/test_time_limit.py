"""Tests of the one deadline that several waits share."""

import threading

from tokenpulse_shared.time_limit import seconds_left, time_limit


def test_without_a_limit_all_of_it_is_left() -> None:
    """Who sets none waits as long as asked."""
    assert seconds_left(7.0) == 7.0


def test_what_is_left_shrinks_to_nothing() -> None:
    """The limit counts from where it was set, and never reads negative."""
    with time_limit(5.0):
        first = seconds_left(9.0)
        second = seconds_left(9.0)
    with time_limit(0.0):
        last = seconds_left(9.0)

    assert 4.0 < second <= first <= 5.0
    assert last == 0.0
    assert seconds_left(9.0) == 9.0


def test_a_limit_within_a_limit_is_never_longer() -> None:
    """The outer one holds inside, and again behind the inner one."""
    with time_limit(5.0):
        with time_limit(60.0):
            inside = seconds_left(90.0)
        with time_limit(1.0):
            shorter = seconds_left(90.0)
        behind = seconds_left(90.0)

    assert inside <= 5.0
    assert shorter <= 1.0
    assert 4.0 < behind <= 5.0


def test_threads_have_limits_of_their_own() -> None:
    """A limit holds for the thread that set it."""
    told: list[float] = []
    with time_limit(1.0):
        thread = threading.Thread(target=lambda: told.append(seconds_left(9.0)))
        thread.start()
        thread.join()

    assert told == [9.0]
