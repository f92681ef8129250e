"""Tests of which sentinel is asked next, and what its answer means."""

import pytest
import redis
from redis.sentinel import MasterNotFoundError

from tokenpulse_shared.connections.sentinel_directory import SentinelDirectory

A, B, C = ("a", 1), ("b", 2), ("c", 3)
MASTER = [b"10.0.0.1", b"6379"]


def _order(directory: SentinelDirectory) -> list[tuple[str, int]]:
    return [sentinel for sentinel, _ in directory.turns()]


@pytest.fixture
def directory() -> SentinelDirectory:
    """Give a directory of three sentinels that were not asked yet."""
    return SentinelDirectory((A, B, C), "mymaster")


def test_each_has_its_part_of_the_time(directory: SentinelDirectory) -> None:
    """What is left at each turn is for this sentinel, those after it, and the master."""
    assert list(directory.turns()) == [(A, 4), (B, 3), (C, 2)]


def test_the_one_that_answered_is_asked_first(directory: SentinelDirectory) -> None:
    """Its answer is the master's address, kept as the last one known."""
    assert directory.take(B, MASTER) == ("10.0.0.1", 6379)
    assert directory.last_master == ("10.0.0.1", 6379)
    assert _order(directory) == [B, A, C]


def test_the_silent_and_the_ignorant_are_asked_last(directory: SentinelDirectory) -> None:
    """A turn goes on over all of them while they are moved."""
    turns = directory.turns()
    directory.put_last(next(turns)[0])

    assert directory.take(next(turns)[0], None) is None
    assert next(turns)[0] == C
    assert _order(directory) == [C, A, B]


def test_an_answer_that_led_nowhere_puts_its_sentinel_last(directory: SentinelDirectory) -> None:
    """Another one may know better."""
    directory.take(C, MASTER)
    directory.distrust()

    assert _order(directory) == [A, B, C]


def test_without_any_answer_the_last_master_is_tried(directory: SentinelDirectory) -> None:
    """It may well be there; where none was ever known the silence itself is the error."""
    silence = redis.TimeoutError("silent")
    with pytest.raises(redis.TimeoutError, match="silent"):
        directory.without_answer(silence, was_answered=False)
    directory.take(A, MASTER)

    assert directory.without_answer(silence, was_answered=False) == ("10.0.0.1", 6379)


@pytest.mark.parametrize("silence", [None, redis.TimeoutError()])
def test_a_name_that_sentinels_do_not_know_is_said(
    directory: SentinelDirectory, silence: Exception | None
) -> None:
    """However many were silent: one that answered knows that there is no such master, also if there was one."""
    directory.take(A, MASTER)
    with pytest.raises(MasterNotFoundError, match="no sentinel knows a master named 'mymaster'"):
        directory.without_answer(silence, was_answered=True)
