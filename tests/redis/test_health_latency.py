"""The latency that a health score is computed from, against a real Redis: that of judged calls alone."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import redis

from tests.support.clock import FakeClock
from tests.support.killing import leave, replay
from tests.support.redis_server import RedisServer
from tests.support.sealing import seal
from tests.support.written import KEYS
from tokenpulse.recorder import Recorder
from tokenpulse_shared.health.health_calls import Calls
from tokenpulse_shared.health.provider_health import ProviderHealth, minutes_of
from tokenpulse_shared.records import Observation, Outcome
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.store import MetricsStore

_BEGIN = 1_700_002_830.0
"""Half past a minute."""
_OF_NOBODY: tuple[Outcome, ...] = ("caller_error", "client_disconnect", "cancelled")

MakeRecorder = Callable[..., Recorder]


def _call(outcome: Outcome, latency_seconds: float | None, model: str = "chat") -> Observation:
    return Observation("slow", model, outcome=outcome, latency_seconds=latency_seconds, provider_vouched=True)


def _slow_calls() -> list[Observation]:
    """Return 19 successes with a fault, 8 s on average, of two models."""
    good = [_call("success", 8.0 + (number - 9) * 0.1, f"chat-{number % 2}") for number in range(19)]
    return [*good, _call("provider_error", 8.0)]


def _flood() -> list[Observation]:
    """Return what no provider is to blame for: 60 fast refusals, a client that left late, some of unknown length."""
    fast = [_call(_OF_NOBODY[number % 3], 0.001 * number, f"chat-{number % 2}") for number in range(60)]
    return [*fast, _call("client_disconnect", 300.0), *(_call(outcome, None) for outcome in _OF_NOBODY)]


def _observe(recorder: Recorder, observations: Iterable[Observation]) -> None:
    for observation in observations:
        recorder.observe(observation)


async def _load(url: str, clock: FakeClock) -> tuple[ProviderHealth, list[Calls], float | None]:
    """Return the health, the calls of each minute, the mean latency of the window by all outcomes."""
    settings = Settings.load({}, redis_url=url)
    async with MetricsStore(settings=settings, clock=clock) as store:
        health = await store.provider_health("slow")
        window = await store.provider_window("slow", minutes=60)
    minutes = [Calls.of([minute]) for minute in minutes_of(window)]
    return health, minutes, window.total().mean_seconds("latency")


def _is_score_of_slow_calls(health: ProviderHealth) -> None:
    assert health.window.calls == Calls(19, 1, 160_000_000, 20)
    assert health.health.average_latency_seconds == 8.0
    assert health.health.score == pytest.approx(100 * (0.7 * 0.95 + 0.3 * 0.2))


async def test_calls_of_nobodys_fault_leave_the_latency_alone(
    make_recorder: MakeRecorder, redis_url: str
) -> None:
    """A slow provider keeps its score through a flood of fast 4xx; statistics still hold every outcome."""
    clock = FakeClock(time=_BEGIN)
    recorder = make_recorder(redis_url, clock=clock)
    _observe(recorder, _slow_calls() + _flood())
    assert recorder.flush()

    health, minutes, overall = await _load(redis_url, clock)
    _is_score_of_slow_calls(health)
    assert minutes == [Calls(19, 1, 160_000_000, 20)]
    assert overall == pytest.approx((160.0 + 1.770 + 300.0) / 81)


async def test_a_packed_minute_tells_the_same(
    make_recorder: MakeRecorder, redis_url: str, redis_client: redis.Redis
) -> None:
    """The seal script packs what is to be left out too; what comes late adds up with it."""
    clock = FakeClock(time=_BEGIN)
    recorder = make_recorder(redis_url, clock=clock)
    _observe(recorder, _slow_calls())
    _observe(recorder, _flood()[:30])
    assert recorder.flush()
    packed, left = seal(redis_client, KEYS, "slow")
    _observe(recorder, _flood()[30:])
    assert recorder.flush()

    assert (packed, left) == (8, 0)  # minute with hour, of three models and of the provider
    health, minutes, overall = await _load(redis_url, clock)
    _is_score_of_slow_calls(health)
    assert minutes == [Calls(19, 1, 160_000_000, 20)]
    assert overall == pytest.approx((160.0 + 1.770 + 300.0) / 81)


async def test_an_outage_keeps_them_apart(make_recorder: MakeRecorder, redis_server: RedisServer) -> None:
    """What waited for Redis, packed by the writer, and under another name, gives the same minutes."""
    clock = FakeClock(time=_BEGIN)
    recorder = make_recorder(redis_server.url, clock=clock, max_models_per_provider=1)
    _observe(recorder, [_call("success", 8.0)])
    assert recorder.flush()
    redis_server.kill()
    for _ in range(3):
        clock.advance(60.0)
        _observe(recorder, _slow_calls() + _flood())
        assert not recorder.flush()
    redis_server.restart(keep_data=True)
    assert recorder.flush()

    health, minutes, _ = await _load(redis_server.url, clock)
    assert minutes == [Calls(1, 0, 8_000_000, 1), *[Calls(19, 1, 160_000_000, 20)] * 3]
    assert health.health.average_latency_seconds == 8.0


async def test_a_spill_file_keeps_them_apart(redis_server: RedisServer, tmp_path: Path) -> None:
    """What a killed process left behind is judged as if it had been sent."""
    clock = FakeClock(time=_BEGIN)
    redis_server.stop()
    killed = _spilling(redis_server.url, tmp_path, clock)
    _observe(killed, _slow_calls() + _flood())
    assert not killed.flush()
    _observe(killed, _slow_calls())
    leave(killed)
    redis_server.start()
    heir = _spilling(redis_server.url, tmp_path, clock)
    replay(heir)
    leave(heir)
    for recorder in (killed, heir):
        recorder._client.close()

    health, minutes, _ = await _load(redis_server.url, clock)
    assert minutes == [Calls(38, 2, 320_000_000, 40)]
    assert health.health.score == pytest.approx(100 * (0.7 * 0.95 + 0.3 * 0.2))


def _spilling(url: str, directory: Path, clock: FakeClock) -> Recorder:
    recorder = Recorder(url, spill_path=directory, flush_interval=60, clock=clock)
    recorder._started = True  # no thread: each flush is the test's own
    return recorder
