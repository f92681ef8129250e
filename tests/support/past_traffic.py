"""Ninety days of calls made up from a seed, in a Redis, some of their windows packed."""

from collections.abc import Sequence
from contextlib import closing
from itertools import groupby
from typing import Final

import redis

from tests.support.calls import PROVIDERS, Call, chosen, nearest_rank, random_calls, replay
from tests.support.clock import FakeClock
from tests.support.sealing import seal
from tokenpulse.recorder import Recorder
from tokenpulse_shared.keyspace import Keyspace

NOW: Final = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
TIMESTAMP: Final = "2024-05-15T10:30:20.000+00:00"
DAY: Final = 86400.0
_AGO: Final = (
    (89 * DAY, 8 * DAY, 400, 2 * DAY),
    (8 * DAY, 7200.0, 1200, 14_400.0),
    (7200.0, 0.0, 800, 300.0),
)
"""Seconds ago from, to; how many calls; seconds between flushes."""


def write_past(url: str) -> list[Call]:
    """Write the calls as time goes by up to `NOW`; return them in order.

    Of the first provider every window that is over is packed, of the second some are, of the third none.
    """
    clock = FakeClock(NOW - 89 * DAY)
    calls: list[Call] = []
    with closing(Recorder(redis_url=url, clock=clock)) as recorder:
        for seed, (begin, end, count, flush_seconds) in enumerate(_AGO):
            part = random_calls(50 + seed, count, NOW - begin, NOW - end)
            replay(part, recorder, clock, NOW - end, flush_seconds=flush_seconds)
            calls += part
    with redis.Redis.from_url(url, protocol=2) as client:
        for provider, most in zip(PROVIDERS, (100_000, 150), strict=False):
            seal(client, Keyspace(), provider, most)
    return calls


def of_model(calls: Sequence[Call], provider: str | None, model: str | None) -> list[Call]:
    """Return the calls of a model; None: of any provider, any model."""
    return chosen(
        calls,
        lambda call: call.provider == (provider or call.provider) and call.model == (model or call.model),
    )


def since(calls: Sequence[Call], begin: float) -> list[Call]:
    """Return the calls at or after a moment."""
    return chosen(calls, lambda call: call.at >= begin)


def by_window(calls: Sequence[Call], seconds: int) -> dict[int, list[Call]]:
    """Return the calls, which are in order, by the start of their minute, hour or day."""
    return {
        start: list(held) for start, held in groupby(calls, lambda call: int(call.at // seconds) * seconds)
    }


def cost_usd(calls: Sequence[Call]) -> float | None:
    """Return what the priced ones cost; None when none had a price."""
    priced = [call.cost_nano_usd for call in calls if call.cost_nano_usd is not None]
    return sum(priced) / 1e9 if priced else None


def priced(calls: Sequence[Call]) -> int:
    """Return how many had a price."""
    return sum(call.cost_nano_usd is not None for call in calls)


def failed(calls: Sequence[Call]) -> int:
    """Return how many did not succeed."""
    return sum(not call.success for call in calls)


def tokens(calls: Sequence[Call]) -> tuple[int, int]:
    """Return the sums of input and of output tokens."""
    return sum(call.tokens_input or 0 for call in calls), sum(call.tokens_output or 0 for call in calls)


def mean_ms(values: Sequence[float]) -> float:
    """Return the mean."""
    return sum(values) / len(values)


def assert_near(answer: float | None, exact: float, tolerance: float = 1e-9) -> None:
    """Assert that milliseconds, rounded to the microsecond, are within a relative tolerance."""
    assert answer is not None
    assert abs(answer - exact) <= tolerance * exact + 0.0006, (answer, exact)


def assert_rank(answer: float | None, values: Sequence[float], percentile: float, tolerance: float) -> None:
    """Assert that an answer is the nearest rank of the values, within the sketch's bound."""
    assert_near(answer, nearest_rank(values, percentile), tolerance)
