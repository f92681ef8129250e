"""Tests of the queue before the aggregators."""

from typing import Any

import pytest

from tests.support.clock import FakeClock
from tokenpulse.aggregation.aggregate import Aggregator
from tokenpulse.aggregation.counter_places import TOTAL
from tokenpulse.aggregation.http_aggregate import HttpAggregator
from tokenpulse.aggregation.intake import BATCH, UNDATED, Intake
from tokenpulse.bucket_clock import BucketClock
from tokenpulse.guard import Guard
from tokenpulse.sink import HttpExchange
from tokenpulse_shared.records import Observation
from tokenpulse_shared.totals.totals import http_field

_NOW = 1_700_000_000.0
_GOOD = Observation("p", "m")
_EXCHANGE = HttpExchange("GET", "/a", 200, 0.1, 5, 6, None)
_REQUESTS = http_field("requests", "GET", "/a", 200)
_BAD: Any = None


class Parts:
    """Hold an intake with all it hands on to."""

    def __init__(self, *, raises: bool = False, follows_server: bool = False) -> None:
        clock = FakeClock(_NOW)
        self.series = Aggregator(max_providers=4, max_models=4)
        self.http = HttpAggregator(max_routes=4)
        self.guard = Guard(clock, raises=raises)
        self.clock = BucketClock(clock, follows_server=follows_server)
        self.intake = Intake(self.series, self.http, self.guard, self.clock)


def test_the_one_that_fills_a_batch_folds_it() -> None:
    """Below a batch everything waits; the last one of a batch folds all of its kind."""
    parts = Parts()
    for _ in range(BATCH - 1):
        parts.intake.add_observation(_GOOD, _NOW)
        parts.intake.add_exchange(_EXCHANGE)

    assert (parts.series.observations, parts.http.has_waiting()) == (0, False)

    parts.intake.add_observation(_GOOD, _NOW)

    assert (parts.series.observations, parts.http.has_waiting()) == (BATCH, False)

    parts.intake.add_exchange(_EXCHANGE)

    assert parts.http.take()[_REQUESTS] == BATCH


def test_settle_folds_all_that_waits_once() -> None:
    """What waits is folded by `settle`, and never again."""
    parts = Parts()
    parts.intake.add_observation(_GOOD, _NOW)
    parts.intake.add_exchange(_EXCHANGE)
    parts.intake.settle()
    parts.intake.settle()

    assert (parts.series.observations, parts.http.has_waiting()) == (1, True)


def test_bad_record_takes_no_other_along() -> None:
    """A record that cannot be folded is counted; those before and after it are folded."""
    parts = Parts()
    for observation in (_GOOD, _BAD, _GOOD):
        parts.intake.add_observation(observation, _NOW)
    for exchange in (_EXCHANGE, _BAD, _EXCHANGE):
        parts.intake.add_exchange(exchange)
    parts.intake.settle()

    taken = parts.series.take("p")
    assert taken is not None
    assert taken.observations == 2
    assert parts.http.take()[_REQUESTS] == 2
    assert parts.guard.counts() == {"error:fold": 2}


def test_bad_record_raises_only_after_the_batch() -> None:
    """Under test the error is raised, when all others of its batch are folded."""
    parts = Parts(raises=True)
    for observation in (_BAD, _GOOD):
        parts.intake.add_observation(observation, _NOW)

    with pytest.raises(AttributeError):
        parts.intake.settle()
    taken = parts.series.take("p")
    assert taken is not None
    assert taken.observations == 1


def _minutes(parts: Parts) -> dict[int, int]:
    """Return how many observations of provider `p` are in each minute."""
    taken = parts.series.take("p")
    assert taken is not None
    return {minute: series["m"].counters[TOTAL] for minute, series in taken.minutes.items()}


def test_what_came_before_the_first_answer_is_dated_by_it() -> None:
    """More than a batch waits for Redis to tell the time; what came before it and after it is in the same minute."""
    parts = Parts(follows_server=True)
    for _ in range(BATCH + 1):
        parts.intake.add_observation(_GOOD, parts.clock.stamp())

    assert parts.series.observations == 0

    parts.clock.synchronise(_NOW + 10 * 60, parts.clock.now())
    parts.intake.settle()
    for _ in range(BATCH):
        parts.intake.add_observation(_GOOD, parts.clock.stamp())

    assert parts.series.observations == 2 * BATCH + 1
    assert _minutes(parts) == {int(_NOW // 60) + 10: 2 * BATCH + 1}


def test_what_waits_for_the_time_is_bounded() -> None:
    """While Redis does not answer at all, this host's clock must do."""
    parts = Parts(follows_server=True)
    for _ in range(UNDATED):
        parts.intake.add_observation(_GOOD, parts.clock.stamp())

    assert _minutes(parts) == {int(_NOW // 60): UNDATED}

    for _ in range(BATCH):  # and those after them are not held up for it again
        parts.intake.add_observation(_GOOD, parts.clock.stamp())

    assert _minutes(parts) == {int(_NOW // 60): BATCH}
