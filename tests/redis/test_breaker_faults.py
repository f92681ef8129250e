"""Breakers when replies are lost, and over any order of what a fleet does: each thing is counted exactly once."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.clock import FakeClock
from tests.support.proxy import FaultProxy
from tests.support.redis_server import RedisServer
from tokenpulse.breakers.breaker_refresh import LEASE, REJECTIONS
from tokenpulse.breakers.breakers import TRANSITION
from tokenpulse.recorder import Recorder
from tokenpulse_shared.breaker import Order
from tokenpulse_shared.circuits.circuit_counters import CircuitCounters
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.scripts import source
from tokenpulse_shared.store import MetricsStore

NOW = 1_715_769_020.0
KEYS = Keyspace()

MakeRecorder = Callable[..., Recorder]


@pytest.fixture
def proxy(redis_server: RedisServer) -> Iterator[FaultProxy]:
    with redis_server.client() as client:
        for script in ("transition", "lease", "rejections"):
            client.script_load(source(script))
    with FaultProxy(redis_server.port) as proxy:
        yield proxy


def _fail(recorder: Recorder, times: int = 5) -> None:
    for _ in range(times):
        recorder.record(provider="p", model="m", success=False, error_type="timeout")


async def _counted(url: str) -> CircuitCounters:
    async with MetricsStore(url, clock=FakeClock(NOW)) as store:
        return (await store.circuit_counters())["p"]


async def test_a_lost_reply_to_rejections_counts_them_once(
    redis_server: RedisServer, proxy: FaultProxy, make_recorder: MakeRecorder
) -> None:
    """What Redis had counted already is not counted again, what came meanwhile is."""
    recorder = make_recorder(proxy.url, clock=FakeClock(NOW))
    recorder.breaker.allow("p", "m")
    _fail(recorder)
    recorder.flush()
    for _ in range(3):
        recorder.breaker.allow("p", "m")
    proxy.drop_reply_to(REJECTIONS._digest.encode())
    assert not recorder.flush()
    assert (await _counted(redis_server.url)).rejected == 3
    recorder.breaker.allow("p", "m")
    assert recorder.flush()

    assert proxy.cuts == 1
    assert (await _counted(redis_server.url)).rejected == 4


async def test_a_lost_reply_to_a_move_makes_one_move(
    redis_server: RedisServer, proxy: FaultProxy, make_recorder: MakeRecorder
) -> None:
    """The breaker is open, that is counted once, and known after the next flush."""
    recorder = make_recorder(proxy.url, clock=FakeClock(NOW))
    recorder.breaker.allow("p", "m")
    recorder.flush()
    proxy.drop_reply_to(TRANSITION._digest.encode())
    _fail(recorder)
    recorder.flush()
    recorder.flush()

    assert not recorder.breaker.allow("p", "m")
    assert (await _counted(redis_server.url)).moves == {("CLOSED", "OPEN"): 1}


def test_a_lost_reply_to_a_lease_hands_out_nothing(
    redis_server: RedisServer, proxy: FaultProxy, make_recorder: MakeRecorder
) -> None:
    """The lease that nobody knows of takes a place until it ends; no more are out than allowed."""
    clock = FakeClock(NOW)
    recorder = make_recorder(proxy.url, clock=clock, breaker_probes=2)
    recorder.breaker.allow("p", "m")
    _fail(recorder)
    recorder.flush()
    clock.advance(60.0)
    recorder.flush()
    recorder.breaker.allow("p", "m")
    recorder.flush()
    assert recorder.breaker.allow("p", "m").is_probe
    proxy.drop_reply_to(LEASE._digest.encode())
    recorder.breaker.allow("p", "m")
    assert not recorder.flush()
    recorder.breaker.allow("p", "m")
    recorder.flush()
    with redis_server.client() as client:
        leases = [name for name in client.hkeys(KEYS.circuit("p", "m")) if name.startswith(b"probe:")]

    assert len(leases) == 2
    assert not recorder.breaker.allow("p", "m")


class _Step(NamedTuple):
    """Say what one worker does: record, ask, flush, or what a person orders, or that time passes."""

    worker: int
    does: str
    amount: int


_STEPS = st.lists(
    st.builds(
        _Step,
        st.integers(0, 2),
        st.sampled_from(["fail", "succeed", "ask", "flush", "flush", "wait", "reset", "open", "close"]),
        st.integers(1, 6),
    ),
    min_size=5,
    max_size=60,
)


class _Fleet:
    """Do steps with three workers; keep an account of what was recorded and turned away."""

    def __init__(self, make_recorder: MakeRecorder, url: str) -> None:
        self.clock = FakeClock(NOW)
        self.workers = [make_recorder(url, clock=self.clock) for _ in range(3)]
        self.store = MetricsStore(url, clock=self.clock)
        self.recorded: Counter[str] = Counter()
        self.turned_away = 0
        self.orders = 0

    async def do(self, step: _Step) -> None:
        worker = self.workers[step.worker]
        if step.does in ("fail", "succeed"):
            success = step.does == "succeed"
            self.recorded[step.does] += step.amount
            for _ in range(step.amount):
                error_type = None if success else "timeout"
                worker.record(provider="p", model="m", success=success, error_type=error_type)
        elif step.does == "ask":
            self.turned_away += sum(not worker.breaker.allow("p", "m") for _ in range(step.amount))
        elif step.does == "flush":
            assert worker.flush()
        elif step.does == "wait":
            for other in self.workers:  # what waits for over a minute reaches no breaker
                assert other.flush()
            self.clock.advance(step.amount * 30.0)
        elif await self.store.order_circuit("p", "m", _ORDERS[step.does]) is not None:
            self.orders += 1

    async def end(self) -> None:
        for worker in self.workers:
            assert worker.flush()
            worker.close()
        await self.store.aclose()


_ORDERS: dict[str, Order] = {"reset": "reset", "open": "open", "close": "close"}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_STEPS)
async def test_every_move_call_and_rejection_is_counted_once(
    redis_url: str, redis_client: redis.Redis, make_recorder: MakeRecorder, steps: list[_Step]
) -> None:
    """Whatever workers and people do in whatever order: moves add up to the state, calls and rejections to the account."""
    redis_client.flushall()
    fleet = _Fleet(make_recorder, redis_url)
    for step in steps:
        await fleet.do(step)
    await fleet.end()
    state = redis_client.hget(KEYS.circuit("p", "m"), "state") or b"CLOSED"
    counted = (
        await _counted(redis_url) if redis_client.exists(KEYS.circuit_totals("p")) else CircuitCounters()
    )

    assert sum(counted.successes.values()) == fleet.recorded["succeed"]
    assert sum(counted.failures.values()) == fleet.recorded["fail"]
    assert counted.rejected == fleet.turned_away
    balance = Counter({"CLOSED": 1})
    for (before, after), count in counted.moves.items():
        balance[before] -= count
        balance[after] += count
    assert {name: count for name, count in balance.items() if count} == {state.decode(): 1}
    indexed = redis_client.hexists(KEYS.moved_circuits("p"), "m")
    forced = redis_client.hget(KEYS.circuit("p", "m"), "forced") or b""
    assert indexed == (state != b"CLOSED" or forced != b"")
