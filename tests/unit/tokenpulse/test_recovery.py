"""Tests of how a fleet of writers comes back after an outage that all of them saw."""

from collections import Counter

from tests.support.fleet import simulate_outage
from tokenpulse.flush import MAX_BACKOFF_SECONDS

WRITERS = 1000
AWAY_FROM, AWAY_UNTIL, ENDS_AT = 5, 35, 45
NOISE = 0.15
"""Five standard deviations of what 1,000 writers by chance do more, or less, in a second."""


def test_nobody_comes_at_once() -> None:
    """While Redis is away attempts are a third more than before, by shorter pauses; once it is back no more."""
    attempts = simulate_outage(WRITERS, away_from=AWAY_FROM, away_until=AWAY_UNTIL, ends_at=ENDS_AT)
    by_second = Counter(int(attempt.at) for attempt in attempts)
    most = max(count for second, count in by_second.items() if second >= AWAY_UNTIL)
    back = [attempt.at - AWAY_UNTIL for attempt in attempts if attempt.is_first]

    assert {by_second[second] for second in range(1, AWAY_FROM)} == {WRITERS}
    assert all(by_second[second] < 1.34 * WRITERS * (1 + NOISE) for second in range(AWAY_FROM, AWAY_UNTIL))
    assert most < WRITERS * (1 + NOISE)
    assert len(back) == WRITERS
    assert max(back) <= MAX_BACKOFF_SECONDS


def test_a_tenth_of_a_second_sees_its_share() -> None:
    """Attempts are spread within the seconds as well: no tick after the return sees more than twice its share."""
    attempts = simulate_outage(WRITERS, away_from=AWAY_FROM, away_until=AWAY_UNTIL, ends_at=AWAY_UNTIL + 3)
    by_tick = Counter(int(attempt.at * 10) for attempt in attempts if attempt.at >= AWAY_UNTIL)

    assert max(by_tick.values()) < 2 * WRITERS / 10
