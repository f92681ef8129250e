"""A key that something else wrote costs what would have gone into it, nothing more."""

import time
from contextlib import closing
from typing import cast

import redis

from tests.support.ledger import load_counters
from tokenpulse import Recorder
from tokenpulse_shared.keyspace import Keyspace, stamp

FIELDS_OF_A_SUCCESS = 8
"""total_requests, successful_requests, tokens_input, latency_us, latency_count, unpriced_requests,
outcome:success, usage:reported."""


class _StandingClock:
    """Stand at the moment it was made."""

    def __init__(self) -> None:
        self._now = time.time()

    def time(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now


def _flush_one(url: str, clock: _StandingClock) -> dict[str, int]:
    with closing(Recorder(url, clock=clock, flush_interval=60)) as recorder:
        recorder.record(provider="acme", model="chat-1", latency_ms=250.0, tokens_input=7)
        assert recorder.flush()
        counts: dict[str, int] = recorder.stats()["counts"]
    return counts


def _window_hashes(client: redis.Redis, left_out: str) -> dict[bytes, dict[bytes, bytes]]:
    """Return the counters of minutes, hours, days, and the latency sketches, but for one key."""
    keys = cast("list[bytes]", [*client.scan_iter("*metrics:*"), *client.scan_iter("*latency:*")])
    return {key: cast("dict[bytes, bytes]", client.hgetall(key)) for key in keys if key.decode() != left_out}


def test_window_of_a_wrong_type_is_refused_alone(redis_url: str, redis_client: redis.Redis) -> None:
    """A text at a minute's counters keeps its place; its increments count as rejected, all else is exact."""
    clock, keys = _StandingClock(), Keyspace()
    minute = keys.counters("acme", "chat-1", stamp("minute", clock.time()))
    untouched = _flush_one(redis_url, clock)
    expected = _window_hashes(redis_client, minute)
    redis_client.flushdb()
    redis_client.set(minute, "not a hash")

    counts = _flush_one(redis_url, clock)

    assert "rejected_increments" not in untouched
    assert counts["rejected_increments"] == FIELDS_OF_A_SUCCESS
    assert counts["fault:redis_key_refused"] == 1
    assert redis_client.get(minute) == b"not a hash"
    assert redis_client.ttl(minute) == -1
    assert load_counters(redis_client, "total_requests", "tokens_input", "latency_us") == {
        ("acme", None): {"total_requests": 1, "tokens_input": 7, "latency_us": 250_000},
        ("acme", "chat-1"): {"total_requests": 1, "tokens_input": 7, "latency_us": 250_000},
    }
    assert len(expected) == 8  # the provider's two windows, the model's other two, four sketches
    assert _window_hashes(redis_client, minute) == expected
