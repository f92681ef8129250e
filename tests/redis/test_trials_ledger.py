"""Trials of many users over many days, compared with a ledger reckoned independently."""

import random
from typing import Final, NamedTuple

import pytest

from tests.support.clock import FakeClock
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.trial_records import TRIAL_EVENTS, TRIAL_STATES, TrialEvent

BEGIN: Final = 1_714_521_600  # 2024-05-01 00:00:00 UTC
DAY: Final = 86400
DAYS: Final = 40
USERS: Final = 60
POSTS: Final = 400
_FURTHER: Final = ("signup", "started", "expired", "converted")


class Post(NamedTuple):
    """Hold one event as it was posted."""

    at: int
    user: int
    event: TrialEvent
    plan: str | None


def random_posts(seed: int) -> list[Post]:
    """Return posts in order of time; the same user's same event comes again and again, in any order."""
    source = random.Random(seed)
    moments = sorted(source.randrange(BEGIN, BEGIN + DAYS * DAY) for _ in range(POSTS))
    return [
        Post(at, source.randrange(USERS), source.choice(TRIAL_EVENTS), source.choice((None, "pro", "a:b")))
        for at in moments
    ]


class Ledger:
    """Reckon from the list of posts, each user's first ones."""

    def __init__(self, posts: list[Post]) -> None:
        self.first: dict[tuple[int, TrialEvent], int] = {}
        self.plan_then: dict[tuple[int, TrialEvent], str] = {}
        plans: dict[int, str] = {}
        for post in posts:
            key = (post.user, post.event)
            if key in self.first:
                continue
            self.first[key] = post.at
            if post.plan is not None:
                plans[post.user] = post.plan
            if post.user in plans:
                self.plan_then[key] = plans[post.user]

    def since(self, event: TrialEvent, begin: int) -> list[int]:
        """Return the users whose first event of this kind came at `begin` or later."""
        return [user for (user, kind), at in self.first.items() if kind == event and at >= begin]

    def both(self, first: TrialEvent, then: TrialEvent, begin: int) -> int:
        """Return how many of those since `begin` had the other event too, whenever."""
        return sum((user, then) in self.first for user in self.since(first, begin))

    def times_to_conversion(self, begin: int) -> list[int]:
        """Return the seconds from start to conversion of those who converted since `begin`."""
        return [
            max(0, self.first[user, "converted"] - self.first[user, "started"])
            for user in self.since("converted", begin)
            if (user, "started") in self.first
        ]

    def states(self) -> dict[str, int]:
        """Return users by the furthest event they had."""
        standing = [
            max((kind for kind in TRIAL_EVENTS if (user, kind) in self.first), key=_FURTHER.index)
            for user in {user for user, _ in self.first}
        ]
        return {TRIAL_STATES[event]: standing.count(event) for event in TRIAL_EVENTS}


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_trials_are_the_ledgers(redis_url: str, seed: int) -> None:
    """Over a day, a week, all of it: events, plans, cohorts, times, states."""
    posts = random_posts(seed)
    ledger = Ledger(posts)
    clock = FakeClock(BEGIN)
    counted = 0
    async with MetricsStore(redis_url, clock=clock) as store:
        for post in posts:
            clock.advance(post.at - clock.time())
            counted += await store.record_trial_event(f"user {post.user}", post.event, post.plan)
        clock.advance(BEGIN + DAYS * DAY - 1 - clock.time())

        assert counted == len(ledger.first)
        for days in (1, 7, DAYS, 90):
            period = await store.trials(days)
            begin = BEGIN + (DAYS - days) * DAY
            assert period.events == {event: len(ledger.since(event, begin)) for event in TRIAL_EVENTS}
            for plan in ("pro", "a:b"):
                assert period.plans.get(plan, dict.fromkeys(TRIAL_EVENTS, 0)) == {
                    event: sum(
                        ledger.plan_then.get((user, event)) == plan for user in ledger.since(event, begin)
                    )
                    for event in TRIAL_EVENTS
                }
            assert period.activated == ledger.both("signup", "started", begin)
            assert period.converted_later == ledger.both("started", "converted", begin)
            times = ledger.times_to_conversion(begin)
            assert (period.conversions_timed, period.conversion_seconds) == (len(times), sum(times))
            assert period.states == ledger.states()
