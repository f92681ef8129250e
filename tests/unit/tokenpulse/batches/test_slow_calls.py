"""Tests of which calls are too slow for a breaker."""

import pytest

from tokenpulse.aggregation.deltas import SeriesDelta
from tokenpulse.aggregation.known_words import Words
from tokenpulse.batches.slow_calls import NO_LIMITS, SlowLimits
from tokenpulse_shared.breaker import NOT_TIMED, Slowness
from tokenpulse_shared.records import Observation, Outcome
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.sketch import bucket_index


def _delta() -> SeriesDelta:
    delta = SeriesDelta()
    for seconds in (0.5, 1.0, 1.02, 1.03, 4.0, 4.0):
        index = bucket_index(seconds)
        delta.latency[index] = delta.latency.get(index, 0) + 1
    delta.ttft[bucket_index(0.3)] = 7
    return delta


def test_nothing_is_slow_without_a_limit() -> None:
    """By default no call is timed."""
    assert SlowLimits.of(Settings.load({})) == NO_LIMITS
    calls = NO_LIMITS.calls("m", _delta())

    assert (calls.latency, calls.ttft) == (NOT_TIMED, NOT_TIMED)


@pytest.mark.parametrize(
    ("limit", "slow"), [(0.48, 6), (0.5, 5), (1.0, 4), (1.01, 3), (1.02, 3), (3.9, 2), (4.0, 0), (9.0, 0)]
)
def test_slow_is_what_lies_in_a_bucket_above_the_limits(limit: float, slow: int) -> None:
    """A bucket is 2.2 % wide: 1.02 s is in that of 1.01 s."""
    limits = SlowLimits.of(Settings.load({}, breaker_slow_latency=limit))

    assert limits.calls("m", _delta()).latency == Slowness(slow, 6)
    assert limits.calls("m", _delta()).ttft == NOT_TIMED


@pytest.mark.parametrize("outcome", ["caller_error", "client_disconnect", "cancelled"])
def test_calls_that_no_provider_is_to_blame_for_are_neither_slow_nor_fast(outcome: Outcome) -> None:
    """Fast 400s do not hide slow calls, a client that left after a minute is no slow call; faults are timed."""
    limits = SlowLimits.of(Settings.load({}, breaker_slow_latency=1.0, breaker_slow_ttft=0.2))
    early, late, words = _delta(), SeriesDelta(), Words()
    for seconds in (0.0, 0.001, 0.5, 60.0, 60.0):
        late.fold(
            Observation("p", "m", outcome=outcome, latency_seconds=seconds, ttft_seconds=seconds), words
        )
    late.fold(Observation("p", "m", outcome=outcome, ttft_seconds=9.0), words)
    late.fold(Observation("p", "m", outcome="truncated", latency_seconds=30.0, ttft_seconds=0.1), words)
    calls = limits.calls("m", late)
    early.merge(late)

    assert (calls.latency, calls.ttft) == (Slowness(1, 1), Slowness(0, 1))
    calls = limits.calls("m", early)
    assert (calls.latency, calls.ttft) == (Slowness(5, 7), Slowness(7, 8))


def test_first_tokens_have_a_limit_of_their_own() -> None:
    """Only streams are timed by it."""
    limits = SlowLimits.of(Settings.load({}, breaker_slow_ttft=0.2))

    assert limits.calls("m", _delta()).ttft == Slowness(7, 7)
    assert limits.calls("m", _delta()).latency == NOT_TIMED
