"""Keeping a process's knowledge of breakers up to date, against a real Redis."""

from collections.abc import Callable

import pytest
import redis

from tests.support.clock import FakeClock
from tests.support.redis_server import RedisServer
from tokenpulse.breakers.breaker_memory import STALE_SECONDS
from tokenpulse.recorder import Recorder
from tokenpulse_shared.circuits.circuit_counters import CircuitCounters
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.store import MetricsStore

NOW = 1_715_769_020.0
KEYS = Keyspace()

MakeRecorder = Callable[..., Recorder]


def _record(recorder: Recorder, *outcomes: bool, model: str = "m", latency_ms: float = 100.0) -> None:
    for success in outcomes:
        recorder.record(
            provider="p", model=model, latency_ms=latency_ms, success=success,
            error_type=None if success else "timeout",
        )  # fmt: skip
    assert recorder.flush()


async def _counted(redis_url: str) -> CircuitCounters:
    async with MetricsStore(redis_url, clock=FakeClock(NOW)) as store:
        return (await store.circuit_counters())["p"]


def test_nothing_is_asked_of_redis_before_somebody_asks(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """A process that only records reads no index; one that asks reads one hash a provider and flush."""
    recorder = make_recorder(clock=FakeClock(NOW))
    _record(recorder, True)
    redis_client.config_resetstat()
    for _ in range(3):
        recorder.flush()
    assert "cmdstat_hgetall" not in redis_client.info("commandstats")

    recorder.breaker.allow("p", "m")
    for _ in range(3):
        recorder.flush()

    assert redis_client.info("commandstats")["cmdstat_hgetall"]["calls"] == 3


def test_what_one_worker_opens_every_worker_knows(make_recorder: MakeRecorder) -> None:
    """After its own next flush, with the time to wait by Redis's clock, whatever its own clock says."""
    one, two = make_recorder(clock=FakeClock(NOW)), make_recorder(clock=FakeClock(NOW, monotonic=5.0))
    two.breaker.allow("p", "m")
    one.breaker.allow("p", "m")
    _record(one, *[False] * 5)
    assert one.breaker.allow("p", "m").retry_after_seconds == 60.0
    assert two.breaker.allow("p", "m")

    two.flush()

    assert two.breaker.allow("p", "m").retry_after_seconds == pytest.approx(60.0)


async def test_time_alone_makes_it_half_open(make_recorder: MakeRecorder, redis_url: str) -> None:
    """At the first flush after its wait, by one of the workers, counted once, without any call."""
    clock = FakeClock(NOW)
    workers = [make_recorder(clock=clock) for _ in range(2)]
    for worker in workers:
        worker.breaker.allow("p", "m")
    _record(workers[0], *[False] * 5)
    for seconds, state in ((59.999, "OPEN"), (0.001, "HALF_OPEN")):
        clock.advance(seconds)
        for worker in workers:
            worker.flush()
        assert {held.state for held in workers[1].breaker._memory.held.values()} == {state}

    assert (await _counted(redis_url)).moves == {("CLOSED", "OPEN"): 1, ("OPEN", "HALF_OPEN"): 1}


async def test_recovery_over_several_workers(make_recorder: MakeRecorder, redis_url: str) -> None:
    """Probes of two workers close it together; a third lets everything through after its flush."""
    clock = FakeClock(NOW)
    one, two, three = (make_recorder(clock=clock) for _ in range(3))
    for worker in (one, two, three):
        worker.breaker.allow("p", "m")
    _record(one, *[False] * 5)
    clock.advance(60.0)
    for worker in (one, two):
        worker.flush()
        assert not worker.breaker.allow("p", "m")
        worker.flush()
        with worker.breaker.allow("p", "m") as probe:
            assert probe.is_probe
            _record(worker, True)
    three.flush()

    assert all(worker.breaker.allow("p", "m") for worker in (one, two, three))
    counted = await _counted(redis_url)
    assert (counted.successes, counted.rejected) == ({"HALF_OPEN": 2}, 2)
    assert counted.moves[("HALF_OPEN", "CLOSED")] == 1


async def test_rejections_of_all_workers_are_counted_once(
    make_recorder: MakeRecorder, redis_url: str
) -> None:
    """Each flush tells what is new; a flush without any tells nothing."""
    clock = FakeClock(NOW)
    workers = [make_recorder(clock=clock) for _ in range(2)]
    for worker in workers:
        worker.breaker.allow("p", "m")
    _record(workers[0], *[False] * 5)
    workers[1].flush()
    for rounds in (3, 4):
        for worker in workers:
            for _ in range(rounds):
                assert not worker.breaker.allow("p", "m")
            worker.flush()
            worker.flush()

    assert (await _counted(redis_url)).rejected == 14


async def test_states_outlive_workers(make_recorder: MakeRecorder, redis_url: str) -> None:
    """A worker that begins finds what another left, with its time to wait; so does a reader."""
    clock = FakeClock(NOW)
    _record(make_recorder(clock=clock), *[False] * 5)
    clock.advance(10.0)
    newcomer = make_recorder(clock=clock)
    assert newcomer.breaker.allow("p", "m")
    newcomer.flush()

    assert newcomer.breaker.allow("p", "m").retry_after_seconds == pytest.approx(50.0)
    async with MetricsStore(redis_url, clock=clock) as store:
        (status,) = await store.circuits()
    assert (status.state, status.retry_at) == ("OPEN", NOW + 60.0)


def test_while_redis_is_away_breakers_hold_then_fail_open(
    make_recorder: MakeRecorder, redis_servers: Callable[..., RedisServer]
) -> None:
    """For ten seconds what is known counts, then everything is let through, until Redis is back."""
    server, clock = redis_servers(), FakeClock(NOW)
    recorder = make_recorder(server.url, clock=clock)
    recorder.breaker.allow("p", "m")
    _record(recorder, *[False] * 5)
    server.kill()
    assert not recorder.flush()
    clock.advance(STALE_SECONDS)
    assert not recorder.breaker.allow("p", "m")
    clock.advance(0.001)
    assert recorder.breaker.allow("p", "m")

    server.restart(keep_data=True)
    recorder.flush()

    assert not recorder.breaker.allow("p", "m")


async def test_in_shadow_mode_calls_while_open_are_told(make_recorder: MakeRecorder, redis_url: str) -> None:
    """Nobody is turned away; what would have been is counted by the state the calls met."""
    recorder = make_recorder(clock=FakeClock(NOW))
    _record(recorder, *[False] * 5)
    _record(recorder, True, True, False)
    counted = await _counted(redis_url)

    assert (counted.let_through_while_open, counted.rejected) == (3, 0)
    assert (counted.successes, counted.failures) == ({"OPEN": 2}, {"CLOSED": 5, "OPEN": 1})


async def test_mode_off_moves_nothing(make_recorder: MakeRecorder, redis_url: str) -> None:
    """No breaker opens, nobody is turned away, nothing is asked."""
    recorder = make_recorder(clock=FakeClock(NOW), breaker_mode="off")
    recorder.breaker.allow("p", "m")
    _record(recorder, *[False] * 20)

    assert recorder.breaker.allow("p", "m")
    assert (await _counted(redis_url)).moves == {}


async def test_slow_calls_open_a_breaker(make_recorder: MakeRecorder, redis_url: str) -> None:
    """Half of ten calls above the limit, all of them successes; the reader tells the rate."""
    recorder = make_recorder(breaker_slow_latency=2.0, breaker_slow_ttft=0.5)
    _record(recorder, *[True] * 5, latency_ms=1_900.0)
    _record(recorder, *[True] * 4, latency_ms=2_100.0)
    async with MetricsStore(redis_url) as store:
        (before,) = await store.circuits()
        _record(recorder, True, latency_ms=2_100.0)
        (after,) = await store.circuits()

    assert (before.state, before.slow_calls, before.slow_ttft) == ("CLOSED", (4, 9), (0, 0))
    assert (after.state, after.slow_calls, after.failure_ratio) == ("OPEN", (5, 10), 0.0)


async def test_slow_first_tokens_open_a_breaker(make_recorder: MakeRecorder, redis_url: str) -> None:
    """Of streams only; calls without a first token are not timed by it."""
    recorder = make_recorder(breaker_slow_ttft=0.5, breaker_slow_ratio=0.8)
    for ttft_ms in [100.0] * 2 + [600.0] * 8:
        recorder.record(provider="p", model="m", latency_ms=900.0, ttft_ms=ttft_ms)
    _record(recorder, *[True] * 20)
    async with MetricsStore(redis_url) as store:
        (status,) = await store.circuits()

    assert (status.state, status.slow_ttft, status.slow_calls) == ("OPEN", (8, 10), (0, 0))


def test_foreign_keys_fail_open(make_recorder: MakeRecorder, redis_client: redis.Redis) -> None:
    """An index, counters or a breaker that hold something else turn nobody away, and are counted as faults."""
    clock = FakeClock(NOW)
    recorder = make_recorder(clock=clock)
    recorder.breaker.allow("p", "m")
    _record(recorder, *[False] * 5)
    assert not recorder.breaker.allow("p", "m")
    for key in (KEYS.moved_circuits("p"), KEYS.circuit_totals("p")):
        redis_client.set(key, "theirs")
    recorder.flush()

    assert recorder.breaker.allow("p", "m")
    assert recorder.stats()["counts"]["fault:breaker_unreadable"] == 2
    assert redis_client.get(KEYS.circuit_totals("p")) == b"theirs"


def test_a_breaker_that_cannot_be_leased_turns_away(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """With something else at its key no probe is granted; the others' are."""
    clock = FakeClock(NOW)
    recorder = make_recorder(clock=clock)
    recorder.breaker.allow("p", "m")
    for model in ("m", "n"):
        _record(recorder, *[False] * 5, model=model)
    clock.advance(60.0)
    recorder.flush()
    for model in ("m", "n"):
        recorder.breaker.allow("p", model)
    redis_client.set(KEYS.circuit("p", "m"), "theirs")
    recorder.flush()

    assert [recorder.breaker.allow("p", model).is_probe for model in ("m", "n")] == [False, True]
    assert recorder.stats()["counts"]["fault:breaker_unreadable"] == 1


def test_asking_starts_the_flushes(redis_url: str, open_recorder: Callable[..., Recorder]) -> None:
    """A process that only routes, and records nothing, knows the fleet's breakers as well."""
    recorder = open_recorder(redis_url, flush_interval=0.05)
    assert not recorder._flusher.is_running

    recorder.breaker.allow("p", "m")

    assert recorder._flusher.is_running
