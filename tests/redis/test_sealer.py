"""Tests of packing windows that are over, in a real Redis."""

from collections import Counter
from typing import Any

import pytest
import redis

from tests.support.clock import FakeClock
from tokenpulse.aggregation.aggregate import Aggregator
from tokenpulse.batches.batch import ProviderBatch
from tokenpulse.batches.numbered_batch import Group
from tokenpulse.flushing.sealer import IDLE_SECONDS, MOST_WAIT_SECONDS, SEAL_SECONDS, WINDOWS_PER_CALL, Sealer
from tokenpulse.guard import Guard
from tokenpulse.writing.redis_writer import RedisWriter
from tokenpulse_shared.keyspace import Keyspace, stamp
from tokenpulse_shared.records import Observation
from tokenpulse_shared.sketch import bucket_index
from tokenpulse_shared.windows.sealed import decode_block

_KEYS = Keyspace()


class _Bench:
    """Write minutes of the past through the real writer, pack them when told."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self.clock = FakeClock()
        self.guard = Guard(self.clock)
        self.sealer = Sealer(client, _KEYS, self.guard, self.clock.monotonic)
        self._writer = RedisWriter(client, self.guard)
        seconds, _ = client.time()
        self.now = float(seconds)
        self.past = (self.now - 60) // 3600 * 3600 - 1800
        """Middle of the last hour that may be packed by Redis's clock; its minutes are not out of date yet."""

    def write(self, *models: str, at: float | None = None, latency: float = 0.5) -> None:
        """Count one success of each model, provider `p`, in one batch."""
        aggregator = Aggregator(max_providers=1, max_models=100)
        for model in models:
            observation = Observation("p", model, latency_seconds=latency, tokens_input=7, cost_nano_usd=3)
            aggregator.fold(observation, self.past if at is None else at)
        delta = aggregator.take("p")
        assert delta is not None
        payload, _ = ProviderBatch(_KEYS, "p", self.now).build(delta)
        self._writer.enqueue(Group("provider", "p"), _KEYS.totals("p"), payload, len(models))
        assert len(self._writer.push()) == 1
        self.sealer.note("p")

    def seal(self) -> None:
        """Let the time between two questions pass, then have packed what is due."""
        self.clock.advance(SEAL_SECONDS)
        self.sealer.seal_due()

    def sealed(self, model: str | None, minutes: bool = True) -> tuple[Counter[str], Counter[int]]:
        """Return (counters, latency buckets) of all records of the past hour's block, added up."""
        key = (
            _KEYS.sealed_minutes("p", model, stamp("hour", self.past))
            if minutes
            else _KEYS.sealed_hours("p", model, stamp("day", self.past))
        )
        counters: Counter[str] = Counter()
        latencies: Counter[int] = Counter()
        for window in decode_block(self.client.get(key) or b""):
            counters.update(window.counters)
            latencies.update(window.sketches.get("latency", (5, {}))[1])
        return counters, latencies

    def minute_keys(self) -> list[Any]:
        """Return the keys of the past minute's hashes that still exist."""
        at = stamp("minute", self.past)
        kinds = (_KEYS.counters("p", "gpt", at), _KEYS.sketch("latency", "p", "gpt", at))
        return [key for key in kinds if self.client.exists(key)]


@pytest.fixture
def bench(redis_client: redis.Redis) -> _Bench:
    return _Bench(redis_client)


_ONE_CALL = {
    "total_requests": 1,
    "successful_requests": 1,
    "tokens_input": 7,
    "total_cost": 3,
    "latency_us": 500_000,
    "latency_count": 1,
    "outcome:success": 1,
    "usage:unknown": 1,
}


def test_windows_that_are_over_are_packed(bench: _Bench) -> None:
    """Minute and hour of a model and its provider become records; their hashes go, but for the provider's hour."""
    bench.write("gpt")
    bench.seal()

    assert bench.guard.counts() == {"sealed_windows": 4}
    assert bench.sealed("gpt") == (_ONE_CALL, {bucket_index(0.5): 1})
    assert bench.sealed("gpt", minutes=False)[0] == _ONE_CALL
    assert bench.sealed(None) == (_ONE_CALL, {bucket_index(0.5): 1})
    assert bench.sealed(None, minutes=False) == ({}, {bucket_index(0.5) // 2: 1})
    assert bench.minute_keys() == []
    assert bench.client.zcard(_KEYS.open_windows("p")) == 0
    hour = bench.client.hgetall(_KEYS.counters("p", None, stamp("hour", bench.past)))
    assert {name.decode(): int(count) for name, count in hour.items()} == _ONE_CALL


def test_packing_makes_way_for_a_while(bench: _Bench) -> None:
    """While counts are to be sent first nothing is packed, for `MOST_WAIT_SECONDS`; then once, then it waits again."""
    bench.write("gpt")
    bench.clock.advance(SEAL_SECONDS)
    seen = []
    for seconds in (0.0, MOST_WAIT_SECONDS - 0.5, 0.5, SEAL_SECONDS):
        bench.clock.advance(seconds)
        bench.sealer.seal_due(may_wait=True)
        seen.append(bench.guard.counts().get("sealed_windows", 0))
        bench.sealer.note("p")
    bench.write("gpt")
    bench.sealer.seal_due(may_wait=True)
    seen.append(bench.guard.counts()["sealed_windows"])
    bench.sealer.seal_due()
    seen.append(bench.guard.counts()["sealed_windows"])

    assert seen == [0, 0, 4, 4, 4, 8]


def test_late_data_adds_up(bench: _Bench) -> None:
    """What arrives for a window after it was packed is packed as well; all records of it are the sum."""
    for _ in range(3):
        bench.write("gpt")
        bench.seal()

    counters, latencies = bench.sealed("gpt")
    assert counters == {name: 3 * count for name, count in _ONE_CALL.items()}
    assert latencies == {bucket_index(0.5): 3}


def test_an_open_window_stays_open(bench: _Bench) -> None:
    """The current minute is not packed."""
    bench.write("gpt", at=bench.now)
    bench.seal()

    assert bench.guard.counts() == {"sealed_windows": 0}
    assert bench.client.zcard(_KEYS.open_windows("p")) == 4


def test_a_window_with_an_unknown_field_is_left_readable(bench: _Bench) -> None:
    """A counter of a newer version keeps its window as it is, counted; the others are packed."""
    key = _KEYS.counters("p", "gpt", stamp("minute", bench.past))
    bench.write("gpt")
    bench.client.hset(key, "from_the_future", 1)
    bench.seal()

    assert bench.guard.counts() == {"sealed_windows": 3, "fault:window_not_sealable": 1}
    assert len(bench.minute_keys()) == 2
    assert bench.client.hget(key, "total_requests") == b"1"
    assert bench.client.zrange(_KEYS.open_windows("p"), 0, -1) == [
        f"gpt:{stamp('minute', bench.past)}".encode()
    ]


def test_a_call_packs_a_bounded_number_of_windows(bench: _Bench) -> None:
    """More windows than one call takes are asked for again at once."""
    models = [f"m{number}" for number in range(WINDOWS_PER_CALL)]
    bench.write(*models)
    bench.seal()
    assert bench.guard.counts() == {"sealed_windows": WINDOWS_PER_CALL}

    bench.sealer.seal_due()
    bench.sealer.seal_due()
    bench.sealer.seal_due()

    assert bench.guard.counts() == {"sealed_windows": 2 * WINDOWS_PER_CALL + 2}
    assert sum(bench.sealed(model)[0]["total_requests"] for model in models) == WINDOWS_PER_CALL


def test_nothing_is_asked_before_it_is_due(bench: _Bench) -> None:
    """A provider is asked for after some seconds, then not before as many have passed."""
    bench.write("gpt")
    bench.clock.advance(SEAL_SECONDS - 0.5)
    bench.sealer.seal_due()
    assert bench.guard.counts() == {}

    bench.clock.advance(0.5)
    bench.sealer.seal_due()
    bench.write("gpt")
    bench.sealer.seal_due()

    assert bench.guard.counts() == {"sealed_windows": 4}


def test_an_idle_provider_is_forgotten(bench: _Bench) -> None:
    """Once its last open hour has certainly ended a provider is not asked for any more."""
    bench.write("gpt")
    bench.seal()
    bench.clock.advance(IDLE_SECONDS)
    bench.sealer.seal_due()
    bench.client.set(_KEYS.open_windows("p"), "asking would fail")
    bench.seal()

    assert bench.guard.counts() == {"sealed_windows": 4}


def test_a_refusal_is_counted_and_logged(bench: _Bench, caplog: pytest.LogCaptureFixture) -> None:
    """An index that holds something else stops no flush; it is asked again later."""
    bench.write("gpt")
    index = bench.client.dump(_KEYS.open_windows("p"))
    bench.client.set(_KEYS.open_windows("p"), "mine")
    bench.seal()

    assert bench.guard.counts() == {"fault:seal_refused": 1}
    assert "windows could not be packed: a key holds something else" in caplog.text

    bench.client.restore(_KEYS.open_windows("p"), 0, index, replace=True)
    bench.seal()

    assert bench.guard.counts()["sealed_windows"] == 4
