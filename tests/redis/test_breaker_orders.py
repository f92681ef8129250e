"""Orders that a person gives to breakers through the reader, against a real Redis."""

from collections.abc import Callable
from typing import Any

import pytest
import redis

from tests.support.clock import FakeClock
from tests.support.reader_client import reader_client
from tokenpulse.recorder import Recorder
from tokenpulse_reader.routes.breaker_orders import _without_end
from tokenpulse_shared.circuits import circuit_orders
from tokenpulse_shared.circuits.circuit_codec import HeldCircuit, decode_circuit
from tokenpulse_shared.circuits.circuit_counters import CircuitCounters
from tokenpulse_shared.circuits.circuit_orders import ROUNDS
from tokenpulse_shared.keyspace import FORCED_RETENTION_SECONDS, Keyspace
from tokenpulse_shared.store import MetricsStore

NOW = 1_715_769_020.0
ISO = "2024-05-15T10:30:20.000+00:00"
KEYS = Keyspace()
PATH = "/api/monitoring/circuit-breakers"
TOKEN = {"Authorization": "Bearer secret"}

MakeRecorder = Callable[..., Recorder]


def _record(
    recorder: Recorder, model: str, *, times: int = 1, success: bool = True, provider: str = "p"
) -> None:
    for _ in range(times):
        recorder.record(
            provider=provider,
            model=model,
            latency_ms=100.0,
            success=success,
            error_type=None if success else "timeout",
        )
    assert recorder.flush()


async def _order(redis_url: str, *paths: str) -> list[dict[str, Any]]:
    async with reader_client(redis_url, clock=FakeClock(NOW), headers=TOKEN, api_token="secret") as client:
        return [(await client.post(f"{PATH}/{path}")).json() for path in paths]


async def test_an_order_is_answered_with_the_breaker_as_it_is_then(
    redis_url: str, make_recorder: MakeRecorder
) -> None:
    """Opened it stays open without a time to retry, closed it is closed, reset it moves by itself."""
    _record(make_recorder(clock=FakeClock(NOW)), "m")
    opened, closed, reset = await _order(redis_url, "p/m/open", "p/m/close", "p/m/reset")

    assert opened == {
        "provider": "p", "model": "m", "state": "OPEN", "failure_count": 0, "is_available": False,
        "last_updated": opened["last_updated"], "failure_rate": 0.0, "opened_at": ISO, "retry_at": None,
        "forced": "open", "slow_call_rate": None, "slow_ttft_rate": None,
    }  # fmt: skip
    assert (closed["state"], closed["is_available"], closed["forced"]) == ("CLOSED", True, "closed")
    assert (reset["state"], reset["opened_at"], reset["forced"]) == ("CLOSED", None, None)


@pytest.mark.parametrize("path", ["a%2Fb/m%2Fn:8b/open", "a%2Fb/m/n:8b/open"])
async def test_names_hold_slashes(redis_url: str, make_recorder: MakeRecorder, path: str) -> None:
    """A model's slashes may be raw or encoded, a provider's are encoded."""
    _record(make_recorder(clock=FakeClock(NOW)), "m/n:8b", provider="a/b")

    (opened,) = await _order(redis_url, path)

    assert (opened["provider"], opened["model"], opened["state"]) == ("a/b", "m/n:8b", "OPEN")


def test_a_server_may_tell_no_raw_path() -> None:
    """Then the decoded path is all there is."""
    assert _without_end({"path": "/p/m/open"}, "/open") == {"path": "/p/m"}


async def test_orders_to_what_is_not_there_are_404(redis_url: str, make_recorder: MakeRecorder) -> None:
    """A provider or a model never seen, an order that is none; nothing is written."""
    _record(make_recorder(clock=FakeClock(NOW)), "m")
    async with reader_client(redis_url, clock=FakeClock(NOW), headers=TOKEN, api_token="secret") as client:
        answers = [
            await client.post(f"{PATH}/{path}") for path in ("x/m/open", "p/x/open", "p/m/%6fpen", "p//open")
        ]
        other = await client.post(f"{PATH}/p/m/explode")
    async with MetricsStore(redis_url) as store:
        counters = await store.circuit_counters()

    assert [answer.status_code for answer in answers] == [404, 404, 404, 404]
    assert other.status_code == 405
    assert counters["p"].moves == {}


async def test_orders_need_a_token(redis_url: str, make_recorder: MakeRecorder) -> None:
    """Without the right one nothing is done; where none is configured neither."""
    _record(make_recorder(clock=FakeClock(NOW)), "m")
    async with reader_client(redis_url, api_token="secret") as client:
        wrong = await client.post(f"{PATH}/p/m/open")
    async with reader_client(redis_url) as client:
        unset = await client.post(f"{PATH}/p/m/open")
        (breaker,) = (await client.get(f"{PATH}/p")).json()

    assert (wrong.status_code, unset.status_code) == (401, 403)
    assert (breaker["state"], breaker["forced"]) == ("CLOSED", None)


async def test_a_forced_breaker_moves_for_no_call(
    redis_url: str, redis_client: redis.Redis, make_recorder: MakeRecorder
) -> None:
    """Faults open none that is held closed, successes close none that is held open; the hash is kept for long."""
    recorder = make_recorder(clock=FakeClock(NOW))
    _record(recorder, "open")
    _record(recorder, "closed")
    await _order(redis_url, "p/open/open", "p/closed/close")
    _record(recorder, "closed", times=20, success=False)
    _record(recorder, "open", times=20)
    async with MetricsStore(redis_url, clock=FakeClock(NOW + 3_600)) as store:
        states = {status.model: (status.state, status.forced) for status in await store.circuits()}

    assert states == {"closed": ("CLOSED", "closed"), "open": ("OPEN", "open")}
    for model in states:
        assert redis_client.ttl(KEYS.circuit("p", model)) > FORCED_RETENTION_SECONDS - 60


async def test_a_reset_breaker_forgets_its_past(redis_url: str, make_recorder: MakeRecorder) -> None:
    """After an opening and a reset, one more fault does not open it; five do."""
    recorder = make_recorder(clock=FakeClock(NOW))
    _record(recorder, "m", times=9, success=False)
    (reset,) = await _order(redis_url, "p/m/reset")
    _record(recorder, "m", success=False)
    async with MetricsStore(redis_url, clock=FakeClock(NOW)) as store:
        (once,) = await store.circuits()
        _record(recorder, "m", times=4, success=False)
        (again,) = await store.circuits()
        counters = await store.circuit_counters()

    assert [reset["state"], once.state, again.state] == ["CLOSED", "CLOSED", "OPEN"]
    assert counters == {
        "p": CircuitCounters(moves={("CLOSED", "OPEN"): 2, ("OPEN", "CLOSED"): 1}, failures={"CLOSED": 14})
    }


async def test_every_worker_obeys_after_its_next_flush(redis_url: str, make_recorder: MakeRecorder) -> None:
    """Open: no worker lets a call through; close: every one does; the state outlives workers and reader."""
    workers = [make_recorder(clock=FakeClock(NOW)) for _ in range(3)]
    _record(workers[0], "m")
    for worker in workers:
        assert worker.breaker.allow("p", "m")
    await _order(redis_url, "p/m/open")
    for worker in workers:
        worker.flush()
    opened = [worker.breaker.allow("p", "m") for worker in workers]
    newcomer = make_recorder(clock=FakeClock(NOW))
    newcomer.breaker.allow("p", "m")
    newcomer.flush()

    assert [(answer.is_allowed, answer.retry_after_seconds) for answer in opened] == [(False, 60.0)] * 3
    assert not newcomer.breaker.allow("p", "m")

    await _order(redis_url, "p/m/close")
    for worker in workers:
        worker.flush()

    assert all(worker.breaker.allow("p", "m") for worker in workers)


async def test_a_foreign_key_is_not_moved(
    redis_url: str, redis_client: redis.Redis, make_recorder: MakeRecorder
) -> None:
    """A breaker's key that holds something else is left alone: 503, nothing is written."""
    _record(make_recorder(clock=FakeClock(NOW)), "m")
    redis_client.set(KEYS.circuit("p", "m"), "theirs")
    (answer,) = await _order(redis_url, "p/m/open")

    assert answer["error"]["code"] == "not_written"
    assert redis_client.get(KEYS.circuit("p", "m")) == b"theirs"


async def test_an_order_wins_over_writers(
    redis_url: str, redis_client: redis.Redis, make_recorder: MakeRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again while writers move the breaker; when they never stop, 503 says that it was not moved."""
    _record(make_recorder(clock=FakeClock(NOW)), "m")
    left = [2]

    def decode(*arguments: Any) -> HeldCircuit:
        if left[0]:
            left[0] -= 1
            redis_client.hincrby(KEYS.circuit("p", "m"), "version", 1)
        return decode_circuit(*arguments)

    monkeypatch.setattr(circuit_orders, "decode_circuit", decode)
    (opened,) = await _order(redis_url, "p/m/open")
    left[0] = ROUNDS
    (refused,) = await _order(redis_url, "p/m/close")

    assert (opened["state"], opened["forced"]) == ("OPEN", "open")
    assert refused["error"]["code"] == "not_written"
    assert redis_client.hget(KEYS.circuit("p", "m"), "forced") == b"open"


async def test_foreign_counters_are_left_out(
    redis_url: str, redis_client: redis.Redis, make_recorder: MakeRecorder
) -> None:
    """A hash with somebody's fields tells its own, a key that is none tells nothing; both are noted."""
    recorder = make_recorder(clock=FakeClock(NOW))
    _record(recorder, "m")
    _record(recorder, "m", provider="q")
    redis_client.hset(KEYS.circuit_totals("p"), "theirs", "x")
    redis_client.set(KEYS.circuit_totals("q"), "theirs")
    async with MetricsStore(redis_url) as store:
        assert await store.circuit_counters() == {"p": CircuitCounters(successes={"CLOSED": 1})}
        assert store.corrupt_keys == 2
