"""Tests of how a fleet of ten thousand writers comes back after an outage that all of them saw."""

import logging
from collections import Counter

import pytest

from tests.support.fleet import Attempt, simulate_outage
from tokenpulse.flushing.flush import MAX_BACKOFF_SECONDS

WRITERS = 10_000
AWAY_FROM, AWAY_UNTIL, ENDS_AT = 2, 5, 7
SPREAD_SECONDS = 0.05
"""They were started together, so they meet the outage together."""
NOISE = 0.05
"""Five standard deviations of what 10,000 writers by chance do more, or less, in a second."""


@pytest.fixture(scope="module")
def attempts() -> list[Attempt]:
    """Give every attempt of the fleet, in order."""
    logger = logging.getLogger("tokenpulse")
    before, logger.level = logger.level, logging.CRITICAL  # each would say so once
    try:
        return simulate_outage(
            WRITERS,
            away_from=AWAY_FROM,
            away_until=AWAY_UNTIL,
            ends_at=ENDS_AT,
            spread_seconds=SPREAD_SECONDS,
        )
    finally:
        logger.setLevel(before)


def test_nobody_comes_at_once(attempts: list[Attempt]) -> None:
    """While Redis is away attempts are twice as many at most, by shorter pauses; once it is back no more."""
    by_second = Counter(int(attempt.at) for attempt in attempts)
    back = [attempt.at - AWAY_UNTIL for attempt in attempts if attempt.is_first]

    assert {by_second[second] for second in range(AWAY_FROM)} == {WRITERS}
    assert max(by_second[second] for second in range(AWAY_FROM, AWAY_UNTIL)) < 2 * WRITERS
    assert max(by_second[second] for second in range(AWAY_UNTIL, ENDS_AT)) < WRITERS * (1 + NOISE)
    assert len(back) == WRITERS
    assert max(back) <= MAX_BACKOFF_SECONDS


def test_a_tenth_of_a_second_sees_its_share(attempts: list[Attempt]) -> None:
    """All came in one twentieth of a second before; no tick after the return sees more than twice its share."""
    by_tick = Counter(int(attempt.at * 10) for attempt in attempts)

    assert by_tick[10] == WRITERS
    assert max(by_tick[tick] for tick in range(AWAY_UNTIL * 10, ENDS_AT * 10)) < 2 * WRITERS / 10
