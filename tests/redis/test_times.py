"""Every time that is measured of a stream, from the recorder through a real Redis to the store."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest
import redis

from tests.support.calls import nearest_rank
from tests.support.clock import FakeClock
from tests.support.sealing import seal
from tests.support.written import series_totals
from tokenpulse.recorder import Recorder
from tokenpulse_shared.counters import SKETCHED
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.records import InterTokenLatency, Observation
from tokenpulse_shared.sketch import bucket_index
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.windows.series_window import Row, SeriesWindow

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC, long over by Redis' clock: every window may be packed
KEYS = Keyspace()
PERCENTILES = (1.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 100.0)


class Stream(NamedTuple):
    """Hold one stream; `gaps` are (seconds, tokens) of its content events after the first."""

    at: float
    observation: Observation
    gaps: tuple[tuple[float, int], ...]


def _stream(source: random.Random, at: float) -> Stream:
    first = source.lognormvariate(-1.0, 0.6)
    gaps = tuple(
        (source.choice([0.0, 1.0, 1.0]) * source.lognormvariate(-4.0, 0.8), source.randrange(1, 5))
        for _ in range(source.randrange(1, 40))
    )
    buckets: Counter[int] = Counter()
    for seconds, tokens in gaps:
        buckets[bucket_index(seconds)] += tokens
    tokens = 1 + sum(weight for _, weight in gaps)
    duration = sum(seconds for seconds, _ in gaps)
    return Stream(
        at,
        Observation(
            provider="groq",
            model="openai/gpt-4o",
            streaming=True,
            finish_reason=source.choice(["stop", "length"]),
            latency_seconds=first + duration + 0.001,
            ttfb_seconds=first * source.uniform(0.3, 1.0),
            ttft_seconds=first,
            first_visible_seconds=first * source.choice([1.0, 1.0, 3.0]) if source.random() < 0.9 else None,
            tpot_seconds=duration / (tokens - 1),
            send_wait_seconds=source.lognormvariate(-8.0, 1.0),
            tokens_output=tokens,
            tokens_cache_write=source.choice([None, 0, 17]),
            usage_source="reported",
            itl=InterTokenLatency(
                sum(seconds * weight for seconds, weight in gaps), tokens - 1, tuple(buckets.items())
            ),
        ),
        gaps,
    )


def _values(streams: Sequence[Stream], quantity: str) -> list[float]:
    """Return every value of a quantity, in seconds; a gap once for each of its tokens."""
    if quantity == "itl":
        return [seconds for stream in streams for seconds, tokens in stream.gaps for _ in range(tokens)]
    values = (getattr(stream.observation, f"{quantity}_seconds") for stream in streams)
    return [value for value in values if value is not None]


def _ledger(streams: Sequence[Stream]) -> dict[str, int]:
    """Return what the streams add up to: microseconds rounded for each stream, zeros left out."""
    counts: Counter[str] = Counter()
    for stream in streams:
        seen, itl = stream.observation, stream.observation.itl
        assert itl is not None
        counts.update(
            total_requests=1,
            successful_requests=1,
            tokens_output=seen.tokens_output or 0,
            tokens_cache_write=seen.tokens_cache_write or 0,
            unpriced_requests=1,
            itl_us=round(itl.total_seconds * 1e6),
            itl_count=itl.tokens,
        )
        counts["outcome:success"] += 1
        counts["usage:reported"] += 1
        for quantity in SKETCHED:
            value = None if quantity == "itl" else getattr(seen, f"{quantity}_seconds")
            if value is not None:
                counts[f"{quantity}_us"] += round(value * 1e6)
                counts[f"{quantity}_count"] += 1
    return {name: count for name, count in counts.items() if count}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW - 7000)


@pytest.fixture
def streams(redis_url: str, clock: FakeClock, make_recorder: Callable[..., Recorder]) -> list[Stream]:
    """Give four hundred streams of the last two hours, recorded; some minutes hold many, some none."""
    source = random.Random(23)
    moments = sorted(source.choice([NOW - 7000, NOW - 900]) + source.uniform(0, 850) for _ in range(400))
    recorder = make_recorder(redis_url, clock=clock)
    made = [_stream(source, at) for at in moments]
    for number, stream in enumerate(made):
        clock.advance(stream.at - clock.time())
        recorder.observe(stream.observation)
        if number % 50 == 49:
            assert recorder.flush()
    clock.advance(NOW - clock.time())
    return made


def _assert_row(row: Row, streams: Sequence[Stream], tolerance: float) -> None:
    counted = {name: count for name, count in row.counters.items() if count}
    assert counted == _ledger(streams)
    for quantity in SKETCHED:
        values = _values(streams, quantity)
        sketch = row.sketch(quantity)
        assert sketch.count == len(values), quantity
        for percentile, answer in zip(PERCENTILES, sketch.quantiles(PERCENTILES), strict=True):
            exact = nearest_rank(values, percentile)
            assert answer is not None
            assert abs(answer - exact) <= tolerance * exact, (quantity, percentile)


async def _window(redis_url: str, clock: FakeClock, hours: int) -> SeriesWindow:
    async with MetricsStore(redis_url, clock=clock) as store:
        window = await store.model_window("groq", "openai/gpt-4o", hours=hours)
        assert store.corrupt_keys == 0
        return window


@pytest.mark.parametrize("packed", [0, 9, 10_000])
async def test_minutes_tell_every_time_within_the_bound(
    redis_url: str, redis_client: redis.Redis, clock: FakeClock, streams: list[Stream], packed: int
) -> None:
    """Open, some packed, all packed: sums equal the ledger, percentiles are within 1.1 % of the exact ones."""
    if packed:
        seal(redis_client, KEYS, "groq", packed)
    window = await _window(redis_url, clock, 2)

    _assert_row(window.total(), streams, 0.011)
    for row in window.rows:
        in_row = [stream for stream in streams if row.start <= stream.at < row.start + 60]
        _assert_row(row, in_row, 0.011)


@pytest.mark.parametrize("packed", [0, 10_000])
async def test_hours_tell_every_time_within_the_bound(
    redis_url: str, redis_client: redis.Redis, clock: FakeClock, streams: list[Stream], packed: int
) -> None:
    """Over a day percentiles are within 2.2 %."""
    if packed:
        seal(redis_client, KEYS, "groq", packed)
    window = await _window(redis_url, clock, 24)

    _assert_row(window.total(), streams, 0.022)
    assert len(window.rows) == 2


async def test_a_provider_has_the_means_of_every_time(
    redis_url: str, clock: FakeClock, streams: list[Stream]
) -> None:
    """As a whole it keeps sketches of latency and first token; counters of all, so means are exact."""
    async with MetricsStore(redis_url, clock=clock) as store:
        total = (await store.provider_window("groq", hours=2)).total()

    assert {name: count for name, count in total.counters.items() if count} == _ledger(streams)
    assert set(total.sketches) == {"latency", "ttft"}
    for quantity in SKETCHED:
        values = _values(streams, quantity)
        assert total.mean_seconds(quantity) == pytest.approx(sum(values) / len(values), rel=1e-3)


async def test_totals_tell_the_same(
    redis_url: str, redis_client: redis.Redis, clock: FakeClock, streams: list[Stream]
) -> None:
    """What Prometheus is told equals the ledger, finish reasons and the time per token's histogram included."""
    reasons = Counter(stream.observation.finish_reason for stream in streams)
    async with MetricsStore(redis_url, clock=clock) as store:
        [model] = [held for held in (await store.totals()).models if held.model == "openai/gpt-4o"]

    ledger = _ledger(streams)
    assert {name: model.totals.counters[name] for name in ledger} == ledger
    assert model.totals.finish_reasons == reasons
    assert model.totals.error_types == {}
    assert model.totals.histograms["tpot"].value_count == len(streams)
    assert model.totals.histograms["tpot"].sum == ledger["tpot_us"]
    assert series_totals(redis_client, "groq") == ledger


async def test_a_quantity_by_name(redis_url: str, clock: FakeClock, streams: list[Stream]) -> None:
    """The store answers percentiles of any of them; one that was never measured is None, not 0."""
    async with MetricsStore(redis_url, clock=clock) as store:
        for quantity in SKETCHED:
            [answer] = await store.latency_quantiles(
                "groq", "openai/gpt-4o", (95.0,), quantity=quantity, hours=2
            )
            assert answer == pytest.approx(nearest_rank(_values(streams, quantity), 95.0), rel=0.011)
            assert await store.latency_quantiles("groq", "never", (95.0,), quantity=quantity) == [None]
