"""Tests of the one deadline that several waits share."""

import contextlib
import threading

import pytest

from tests.support.clock import FakeClock
from tokenpulse_shared import time_limit as module
from tokenpulse_shared.time_limit import own_work, seconds_left, time_limit


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


def test_work_of_our_own_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it takes is put on top, however it ends; a wait within it ends by the limit as it stands."""
    clock = FakeClock()
    monkeypatch.setattr(module, "time", clock)
    left: list[float] = []
    with time_limit(5.0):
        clock.advance(1.0)
        with own_work():
            clock.advance(3.0)
            left.append(seconds_left(9.0))
        left.append(seconds_left(9.0))
        with contextlib.suppress(KeyError), own_work():
            clock.advance(10.0)
            raise KeyError
        left.append(seconds_left(9.0))
    with own_work():
        left.append(seconds_left(9.0))

    assert left == [1.0, 4.0, 4.0, 9.0]
