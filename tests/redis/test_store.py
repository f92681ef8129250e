"""The store against a real Redis: exact sums, bounded errors, races with packing, keys of others."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from typing import Any

import pytest
import redis

from tests.support.calls import (
    MODELS,
    PROVIDERS,
    Call,
    chosen,
    expected_counts,
    nearest_rank,
    random_calls,
    replay,
)
from tests.support.clock import FakeClock
from tests.support.sealing import seal
from tokenpulse.recorder import Recorder
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.redis_client import connect_async
from tokenpulse_shared.redis_reads import Command, RedisReads
from tokenpulse_shared.sketch import Sketch
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.windows.series_window import Series
from tokenpulse_shared.windows.timespan import minutes_span
from tokenpulse_shared.windows.windows_reader import WindowsReader

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC, long over by Redis' clock: every window may be packed
KEYS = Keyspace()
PERCENTILES = (1.0, 50.0, 75.0, 90.0, 95.0, 99.0, 100.0)


class Written:
    """Hold what was written, with the means to read it back."""

    def __init__(self, url: str, calls: list[Call], client: redis.Redis, *, packed: int = 0) -> None:
        self.url = url
        self.calls = calls
        self.client = client
        clock = FakeClock(calls[0].at)
        with closing(Recorder(redis_url=url, clock=clock)) as recorder:
            replay(calls, recorder, clock, NOW)
        self.clock = clock
        for provider in PROVIDERS if packed else ():
            seal(client, KEYS, provider, packed)

    def store(self) -> MetricsStore:
        """Return a store at the end of the calls."""
        return MetricsStore(self.url, clock=self.clock)


@pytest.fixture
def write(redis_url: str, redis_client: redis.Redis) -> Callable[..., Written]:
    def written(calls: list[Call], *, packed: int = 0) -> Written:
        return Written(redis_url, calls, redis_client, packed=packed)

    return written


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[MetricsStore]:
    async with MetricsStore(redis_url, clock=FakeClock(NOW)) as held:
        yield held


def assert_quantiles(sketch: Sketch, values: Sequence[float], tolerance: float) -> None:
    assert sketch.count == len(values)
    for percentile, answer in zip(PERCENTILES, sketch.quantiles(PERCENTILES), strict=True):
        exact = nearest_rank(values, percentile)
        assert answer is not None
        assert abs(answer - exact) <= tolerance * exact, percentile


@pytest.mark.parametrize("packed", [0, 25, 10_000])
async def test_every_minute_window_adds_up_to_the_ledger(write: Callable[..., Written], packed: int) -> None:
    """Open, packed, or half of each: the sums over the last hour are those of the calls."""
    calls = random_calls(7, 3000, NOW - 7100, NOW)
    written = write(calls, packed=packed)
    begin = int(NOW // 60) * 60 - 3600
    recent = chosen(calls, lambda call: call.at >= begin)

    async with written.store() as store:
        assert await store.providers() == sorted(PROVIDERS)
        assert await store.models("groq") == sorted(MODELS)
        windows = await store.provider_windows(1)
        assert [window.series.provider for window in windows] == sorted(PROVIDERS)
        for window in windows:
            mine = chosen(recent, lambda call, name=window.series.provider: call.provider == name)
            assert _without_tpot(window.total().counters) == expected_counts(mine)
            assert_quantiles(window.total().sketch("latency"), [c.latency_ms / 1e3 for c in mine], 0.011)
            by_hour = window.by_hour().values()
            assert sum(row.requests for row in by_hour) == len(mine)
        for provider in PROVIDERS:
            for model in MODELS:
                mine = chosen(recent, lambda call, at=(provider, model): (call.provider, call.model) == at)
                window = await store.model_window(provider, model)
                assert _without_tpot(window.total().counters) == expected_counts(mine)
                streamed = [call.ttft_ms / 1e3 for call in mine if call.ttft_ms is not None]
                assert_quantiles(window.total().sketch("ttft"), streamed, 0.011)
        assert store.corrupt_keys == 0


@pytest.mark.parametrize("packed", [0, 40, 10_000])
async def test_every_hour_window_adds_up_to_the_ledger(write: Callable[..., Written], packed: int) -> None:
    """Over a day, percentiles within 2.2 %; a row for each hour that has data, exact."""
    calls = random_calls(8, 2500, NOW - 90_000, NOW)
    written = write(calls, packed=packed)
    begin = int(NOW // 3600) * 3600 - 23 * 3600
    recent = chosen(calls, lambda call: call.at >= begin)

    async with written.store() as store:
        for window in await store.provider_windows(24):
            mine = chosen(recent, lambda call, name=window.series.provider: call.provider == name)
            assert _without_tpot(window.total().counters) == expected_counts(mine)
            assert_quantiles(window.total().sketch("latency"), [c.latency_ms / 1e3 for c in mine], 0.022)
        for hours in (1, 5, 168):
            since = int(NOW // 3600) * 3600 - (hours - 1) * 3600
            window = await store.hourly("groq", hours)
            mine = chosen(calls, lambda call, at=since: call.provider == "groq" and call.at >= at)
            assert _without_tpot(window.total().counters) == expected_counts(mine)
            for row in window.rows:
                in_row = chosen(mine, lambda call, at=row.start: at <= call.at < at + 3600)
                assert _without_tpot(row.counters) == expected_counts(in_row)
        model = (await store.hourly("groq", 24, MODELS[0])).total()
        mine = chosen(recent, lambda call: (call.provider, call.model) == ("groq", MODELS[0]))
        assert _without_tpot(model.counters) == expected_counts(mine)


async def test_late_data_adds_to_a_packed_window(write: Callable[..., Written]) -> None:
    """Data that comes after packing opens the window again; the block's record and the hash add up."""
    calls = random_calls(9, 200, NOW - 1200, NOW - 5)
    first = write(calls, packed=10_000)
    later = random_calls(10, 50, NOW - 4, NOW)
    second = write(later)
    assert first.client.zcard(KEYS.open_windows("groq")) > 0

    async with second.store() as store:
        total = (await store.provider_window("groq", hours=1)).total()
    mine = chosen([*calls, *later], lambda call: call.provider == "groq")
    assert _without_tpot(total.counters) == expected_counts(mine)


class PackingReads(RedisReads):
    """Pack windows between the two round trips of a load, as a writer might."""

    def __init__(self, url: str, pack: Callable[[], object]) -> None:
        super().__init__(connect_async(url))
        self._pack = pack

    async def batch(self, commands: Sequence[Command], *, atomic: bool = False) -> list[Any]:
        """Pack before the second trip."""
        if atomic:
            self._pack()
        return await super().batch(commands, atomic=atomic)


@pytest.mark.parametrize("most", [1, 3, 17, 10_000])
async def test_packing_between_the_round_trips_loses_nothing(
    write: Callable[..., Written], redis_client: redis.Redis, redis_url: str, most: int
) -> None:
    """Loads go on while windows are packed under them, a few at a time: every load is exact."""
    calls = random_calls(11, 400, NOW - 3000, NOW)
    write(calls)
    reads = PackingReads(redis_url, lambda: seal(redis_client, KEYS, "groq", most))
    reader = WindowsReader(reads, KEYS)
    wanted = [Series("groq", None), *(Series("groq", model) for model in MODELS)]

    for _ in range(4):
        whole, *models = await reader.load(wanted, minutes_span(NOW, 60))
        mine = chosen(calls, lambda call: call.provider == "groq")
        assert _without_tpot(whole.total().counters) == expected_counts(mine)
        assert sum(window.total().requests for window in models) == len(mine)
    await reads.client.aclose()


async def test_keys_of_others_are_left_out_and_the_rest_is_served(
    write: Callable[..., Written], caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong type, a broken block, a hash of words: each is left out, counted, logged once."""
    calls = random_calls(12, 300, NOW - 7000, NOW)
    written = write(calls, packed=40)
    client = written.client
    opened = [member.decode() for member in client.zrange(KEYS.open_windows("groq"), 0, -1)]
    minutes = sorted(member for member in opened if len(member) == 16 and member.startswith("2024"))
    broken = client.get(KEYS.sealed_minutes("groq", MODELS[1], "2024-05-15:09"))
    client.set(KEYS.counters("groq", None, minutes[-1]), "not a hash")
    client.delete(KEYS.counters("groq", None, minutes[-2]))
    client.hset(KEYS.counters("groq", None, minutes[-2]), "total_requests", "many")
    client.delete(KEYS.sketch("latency", "groq", None, minutes[-3]))
    client.hset(KEYS.sketch("latency", "groq", None, minutes[-3]), "x", "1")
    client.rpush(KEYS.open_windows("openai") + "x", "other")
    if broken is not None:
        client.set(KEYS.sealed_minutes("groq", MODELS[1], "2024-05-15:09"), broken[:-1])

    with caplog.at_level(logging.WARNING):
        async with written.store() as store:
            window = await store.provider_window("groq", hours=2)
            again = await store.provider_window("groq", hours=2)
            assert store.corrupt_keys == 6
    left_out = [_start(minutes[-1]), _start(minutes[-2])]
    mine = chosen(calls, lambda call: call.provider == "groq" and int(call.at // 60) * 60 not in left_out)
    assert window.corrupt_keys == again.corrupt_keys == 3
    assert _without_tpot(window.total().counters) == expected_counts(mine)
    assert len([record for record in caplog.records if "left out of every answer" in record.message]) == 3


async def test_a_block_that_ends_early_keeps_what_came_before(
    store: MetricsStore, write: Callable[..., Written]
) -> None:
    """A packed block with its last byte gone still gives the records before it."""
    calls = random_calls(13, 200, NOW - 3000, NOW)
    written = write(calls, packed=10_000)
    key = KEYS.sealed_minutes("groq", None, "2024-05-15:10")
    block = written.client.get(key)
    assert block is not None
    whole = await store.provider_window("groq", hours=1)
    written.client.set(key, block[:-1])

    broken = await store.provider_window("groq", hours=1)

    assert broken.corrupt_keys == 1
    assert 0 < broken.total().requests < whole.total().requests


async def test_indexes_of_another_type_read_as_empty(store: MetricsStore, redis_client: redis.Redis) -> None:
    """No index stops an answer."""
    for key in (
        KEYS.providers(),
        KEYS.gateways(),
        KEYS.models("p"),
        KEYS.open_windows("p"),
        KEYS.errors("p"),
    ):
        redis_client.set(key, "x")

    assert await store.providers() == []
    assert await store.gateways() == []
    assert await store.models("p") == []
    assert await store.providers_of("m") == []
    assert not await store.has_provider("p")
    assert await store.recent_errors("p") == []
    assert (await store.provider_window("p", hours=1)).rows == ()
    assert await store.circuits() == []


async def test_health_is_unknown_below_five_samples(
    redis_url: str, open_recorder: Callable[..., Recorder]
) -> None:
    """Four calls are too few to judge; the fifth is enough; caller errors do not count."""
    clock = FakeClock(NOW)
    recorder = open_recorder(redis_url=redis_url, clock=clock)
    async with MetricsStore(redis_url, clock=clock) as store:
        for _ in range(4):
            recorder.record(provider="p", model="m", latency_ms=2000.0)
        recorder.flush()
        few = (await store.provider_health("p")).health
        recorder.record(provider="p", model="m", latency_ms=2000.0, success=False, error_type="timeout")
        recorder.flush()
        enough = (await store.provider_health("p")).health
        never = (await store.provider_health("never")).health
        clock.advance(360)
        later = (await store.provider_health("p")).health
    recorder.close()

    assert (few.status, few.score, few.sample_count) == ("unknown", 100.0, 4)
    assert (enough.status, enough.score, enough.sample_count) == (
        "healthy",
        80.0,
        5,
    )  # 100·(0.7·0.8 + 0.3·0.8)
    assert (never.status, never.score, never.sample_count) == ("unknown", 100.0, 0)
    assert (later.status, later.sample_count) == ("unknown", 0)


async def test_errors_are_newest_first_and_bounded(
    redis_url: str, store: MetricsStore, open_recorder: Callable[..., Recorder]
) -> None:
    """The last hundred are kept; what is no JSON object is left out."""
    recorder = open_recorder(redis_url=redis_url, clock=FakeClock(NOW))
    for number in range(105):
        recorder.record(provider="p", model="m", latency_ms=number, success=False, error_message=f"e{number}")
    recorder.flush()
    recorder.close()

    errors = await store.recent_errors("p")
    assert [error["error"] for error in errors] == [f"e{number}" for number in range(104, 4, -1)]
    assert (await store.recent_errors("p", 2))[1] == {
        "model": "m",
        "error": "e103",
        "type": "other",
        "status": None,
        "timestamp": NOW,
        "latency_ms": 103.0,
    }
    with redis.Redis.from_url(redis_url, protocol=2) as client:
        client.lpush(KEYS.errors("p"), "[1]", "{")
    assert len(await store.recent_errors("p", 3)) == 1
    assert store.corrupt_keys == 1


async def test_the_hour_of_a_model_is_summed_over_its_providers(write: Callable[..., Written]) -> None:
    """A model that three providers serve: three windows, found by the index; a stranger has none."""
    calls = random_calls(14, 500, NOW - 7000, NOW)
    written = write(calls, packed=60)
    start = int(NOW // 3600) * 3600

    async with written.store() as store:
        for hour in (start, start - 3600):
            windows = await store.model_hour("llama3:8b", hour)
            mine = chosen(
                calls, lambda call, at=hour: call.model == "llama3:8b" and at <= call.at < at + 3600
            )
            assert sorted(window.series.provider for window in windows) == sorted(PROVIDERS)
            assert sum(window.total().requests for window in windows) == len(mine)
            whole, models = await store.provider_hour("groq", hour)
            in_groq = chosen(
                calls, lambda call, at=hour: call.provider == "groq" and at <= call.at < at + 3600
            )
            assert whole.total().requests == len(in_groq)
            assert sum(window.total().requests for window in models) == len(in_groq)
        assert await store.model_hour("stranger", start) == []


async def test_gateway_hour(
    redis_url: str, redis_client: redis.Redis, store: MetricsStore, open_recorder: Callable[..., Recorder]
) -> None:
    """Success and errors apart, the average in seconds, models counted once; None for a stranger."""
    recorder = open_recorder(redis_url=redis_url, clock=FakeClock(NOW))
    recorder.record(provider="p", model="a", latency_ms=100.0, gateway="gw")
    recorder.record(provider="p", model="a", latency_ms=300.0, gateway="gw")
    recorder.record(provider="p", model="b", latency_ms=200.0, gateway="gw", success=False)
    recorder.flush()
    recorder.close()
    start = int(NOW // 3600) * 3600

    hour = await store.gateway_hour("gw", start)
    assert hour is not None
    assert (hour.success, hour.errors, hour.average_latency_seconds, hour.model_count) == (2, 1, 0.2, 2)
    empty = await store.gateway_hour("gw", start - 3600)
    assert empty is not None
    assert (empty.success, empty.average_latency_seconds, empty.model_count) == (0, None, 0)
    assert await store.gateway_hour("stranger", start) is None

    redis_client.hset(KEYS.gateway_hour("gw", "2024-05-15:10"), "success", "x")
    redis_client.delete(KEYS.gateway_models("gw", "2024-05-15:10"))
    redis_client.set(KEYS.gateway_models("gw", "2024-05-15:10"), "x")
    odd = await store.gateway_hour("gw", start)
    assert odd is not None
    assert (odd.success, odd.model_count) == (0, 0)


async def test_circuits_tell_what_writers_moved(
    redis_url: str, redis_client: redis.Redis, open_recorder: Callable[..., Recorder]
) -> None:
    """Five faults in a row open a breaker for 60 s; the others read CLOSED; a key of others is left out."""
    clock = FakeClock(NOW)
    recorder = open_recorder(redis_url=redis_url, clock=clock)
    for _ in range(3):
        recorder.record(provider="p", model="good", latency_ms=1.0)
    for _ in range(5):
        recorder.record(provider="p", model="bad", latency_ms=1.0, success=False, error_type="timeout")
    recorder.record(provider="p", model="odd", latency_ms=1.0)
    recorder.flush()
    redis_client.delete(KEYS.circuit("p", "odd"))
    redis_client.set(KEYS.circuit("p", "odd"), "x")
    async with MetricsStore(redis_url, clock=clock) as store:
        bad, good = await store.circuits()
        clock.advance(60)
        probing, _ = await store.circuits()
    recorder.close()

    assert (bad.model, bad.state, bad.failure_count, bad.failure_ratio) == ("bad", "OPEN", 5, 1.0)
    assert (bad.opened_at, bad.retry_at, bad.is_available) == (NOW, NOW + 60, False)
    assert (good.state, good.failure_count, good.failure_ratio, good.retry_at) == ("CLOSED", 0, 0.0, None)
    assert (probing.state, probing.is_available, probing.retry_at) == ("HALF_OPEN", True, NOW + 60)


async def test_odd_hashes_are_left_out_one_by_one(
    redis_url: str, redis_client: redis.Redis, open_recorder: Callable[..., Recorder]
) -> None:
    """A breaker opened in the year 10^292, a gateway's hour that is text, members that name no time."""
    clock = FakeClock(NOW)
    recorder = open_recorder(redis_url=redis_url, clock=clock)
    for model in ("odd", "good"):
        recorder.record(provider="p", model=model, latency_ms=100.0, gateway="gw")
    assert recorder.flush()
    recorder.close()
    redis_client.hset(KEYS.circuit("p", "odd"), mapping={"state": "OPEN", "opened_at": "1e300"})
    redis_client.delete(KEYS.gateway_hour("gw", "2024-05-15:10"))
    redis_client.set(KEYS.gateway_hour("gw", "2024-05-15:10"), "x")
    redis_client.zadd(KEYS.open_windows("p"), {"2024-99-99:10:30": 1, "2024-05-15:10:30 ": 1, "x": 1})
    redis_client.zadd(KEYS.providers(), {"empty": 1})
    redis_client.hset(KEYS.counters("p", "odd", "2024-05-15:10:30"), "total_requests", -1)
    async with MetricsStore(redis_url, clock=clock) as store:
        circuits = await store.circuits()
        hour = await store.gateway_hour("gw", int(NOW // 3600) * 3600)
        windows = await store.model_windows("p", hours=1)
        quantiles = await store.latency_quantiles("p", "good", (50.0,))

        assert [status.model for status in circuits] == ["good"]
        assert hour is not None
        assert (hour.success, hour.average_latency_seconds, hour.model_count) == (0, None, 2)
        assert [(window.series.model, window.total().requests) for window in windows] == [
            ("good", 1),
            ("odd", 0),
        ]
        assert quantiles == [pytest.approx(0.1, rel=0.011)]
        assert await store.latency_quantiles("p", "never", (50.0,)) == [None]
        assert store.corrupt_keys == 3


async def test_names_with_separators_are_series_of_their_own(
    redis_url: str, store: MetricsStore, open_recorder: Callable[..., Recorder]
) -> None:
    """`a:b` + `c` is not `a` + `b:c`; names come back as they were given."""
    recorder = open_recorder(redis_url=redis_url, clock=FakeClock(NOW))
    names = [("a:b", "c"), ("a", "b:c"), ("{a}", "*"), ("a%3Ab", "c"), ("a b", "日本")]
    for count, (provider, model) in enumerate(names, 1):
        for _ in range(count):
            recorder.record(provider=provider, model=model, latency_ms=1.0)
    recorder.flush()
    recorder.close()

    assert await store.providers() == sorted(provider for provider, _ in names)
    for count, (provider, model) in enumerate(names, 1):
        assert await store.models(provider) == [model]
        assert (await store.model_window(provider, model)).total().requests == count


async def test_time_is_that_of_redis(redis_url: str, redis_client: redis.Redis) -> None:
    """Without a clock given, `now` is Redis' time to within the round trip."""
    async with MetricsStore(redis_url) as store:
        seconds, microseconds = redis_client.time()
        now = await store.now()
        after, _ = redis_client.time()

    assert seconds + microseconds / 1e6 - 0.5 <= now <= after + 1.5


async def test_nothing_listens_is_one_error(redis_servers: Callable[..., Any]) -> None:
    """Whatever is asked of a store whose Redis is gone, `StoreUnavailableError` says so."""
    server = redis_servers(is_durable=False)
    async with MetricsStore(server.url) as store:
        await store.ping()
        server.kill()
        for ask in (store.ping, store.now, store.providers, store.circuits, store.totals):
            with pytest.raises(
                StoreUnavailableError, match=r"Redis gave no answer: connection (lost|refused)"
            ):
                await ask()


async def test_a_refusal_is_unavailable_not_corrupt(redis_servers: Callable[..., Any]) -> None:
    """A user who may not read gets no empty answers."""
    server = redis_servers(is_durable=False)
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "blind", "on", "nopass", "~*", "+@connection", "+get")
    async with MetricsStore(server.url.replace("//", "//blind:x@")) as store:
        await store.ping()
        with pytest.raises(StoreUnavailableError, match="not permitted"):
            await store.providers()


async def test_an_embedded_store_answers_the_same(open_recorder: Callable[..., Recorder]) -> None:
    """memory:// goes through the same scripts and reads."""
    url = "memory://test-store"
    calls = random_calls(15, 150, NOW - 1500, NOW)
    clock = FakeClock(calls[0].at)
    recorder = open_recorder(redis_url=url, clock=clock)
    replay(calls, recorder, clock, NOW)
    recorder.close()

    async with MetricsStore(url, clock=clock) as store:
        total = (await store.provider_window("groq", hours=1)).total()
    assert _without_tpot(total.counters) == expected_counts(chosen(calls, lambda c: c.provider == "groq"))


def _without_tpot(counters: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counters.items() if not name.startswith("tpot") and count}


def _start(member: str) -> int:
    hours, minutes = int(member[11:13]), int(member[14:16])
    return int(NOW // 86400) * 86400 + hours * 3600 + minutes * 60
