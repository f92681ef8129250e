"""Health of several readers on one Redis: all serve one board."""

from collections.abc import Callable
from signal import SIGKILL, SIGTERM, Signals
from typing import Any

import httpx
import pytest
import redis

from tests.support.clock import FakeClock
from tests.support.processes import RunningProcess, wait_until
from tests.support.reader_client import reader_client
from tokenpulse.recorder import Recorder
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.store import MetricsStore

NOW = 1_715_769_020.0


def record(recorder: Recorder, provider: str, good: int, bad: int) -> None:
    """Record calls of 2 s, flush them."""
    for number in range(good + bad):
        recorder.record(
            provider=provider,
            model="m",
            latency_ms=2000.0,
            success=number < good,
            error_type=None if number < good else "timeout",
        )
    assert recorder.flush()


async def health(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Return what a reader says of all providers."""
    answer: list[dict[str, Any]] = (await client.get("/api/monitoring/health")).json()
    return answer


async def test_readers_do_not_disagree(
    redis_url: str, redis_client: redis.Redis, open_recorder: Callable[..., Recorder]
) -> None:
    """The second starts when there are other numbers; both say what the first computed, until it is due again."""
    clock = FakeClock(NOW)
    recorder = open_recorder(redis_url=redis_url, clock=clock)
    record(recorder, "groq", 95, 5)
    async with reader_client(redis_url, clock=clock) as first:
        one = await health(first)
        record(recorder, "groq", 10, 20)
        clock.advance(30.0)
        async with reader_client(redis_url, clock=clock) as second:
            other = await health(second)
            realtime = (await second.get("/api/monitoring/stats/realtime")).json()
            async with MetricsStore(redis_url, clock=clock) as store:
                asked = await store.provider_health("groq")
                unknown = await store.provider_health("never")
    clock.advance(30.0)
    redis_client.delete(Keyspace().health_lease())
    async with reader_client(redis_url, clock=clock) as third:
        (later,) = await health(third)

    assert one == other
    assert (one[0]["health_score"], one[0]["sample_count"], one[0]["source"]) == (90.5, 100, "leader")
    assert realtime["avg_health_score"] == realtime["providers"]["groq"]["health_score"] == 90.5
    assert realtime["providers"]["groq"]["total_requests"] == 130
    assert (asked.health.score, asked.source) == (90.5, "leader")
    assert (unknown.health.status, unknown.source) == ("unknown", "local")
    assert later["sample_count"] == 130
    assert later["health_score"] == round(100 * (0.7 * 105 / 130 + 0.24), 2)


async def test_the_embedded_store_has_a_leader_as_well(open_recorder: Callable[..., Recorder]) -> None:
    """A reader that starts after one that ended leads, and goes on from the board of that one."""
    clock, url = FakeClock(NOW), "memory://health-of-readers"
    recorder = open_recorder(redis_url=url, clock=clock)
    record(recorder, "groq", 95, 5)
    async with reader_client(url, clock=clock) as client:
        first = await health(client)
    record(recorder, "groq", 5, 0)
    async with MetricsStore(url, clock=clock) as store:
        board = await store.boards.load()
    async with reader_client(url, clock=clock) as client:
        second = await health(client)

    assert board is not None
    assert (board.term, board.providers["groq"].health.sample_count) == (1, 100)
    assert first == second
    assert first[0]["source"] == "leader"


@pytest.mark.parametrize(("ending", "is_kept"), [(SIGTERM, 0), (SIGKILL, 1)], ids=["stopped", "killed"])
def test_the_lease_outlives_only_a_reader_that_dies(
    redis_url: str, redis_client: redis.Redis, ending: Signals, is_kept: int
) -> None:
    """One that is stopped gives it back, so that the next leads at once; one that is killed cannot."""
    lease = Keyspace().health_lease()
    with RunningProcess(
        "tokenpulse_reader.cli", "reader", "--port", "0", "--redis-url", redis_url
    ) as process:
        wait_until(lambda: redis_client.exists(lease), "the reader leads")
        redis_client.persist(lease)
        process.send_signal(ending)
        process.wait()

    assert redis_client.exists(lease) == is_kept
