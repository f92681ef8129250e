"""Anomalies through a real Redis: incidents put into two days of traffic are what is found, nothing else."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from typing import Any, NamedTuple

import httpx
import pytest

from tests.support.clock import FakeClock
from tests.support.past_traffic import NOW, TIMESTAMP
from tests.support.reader_client import reader_client
from tests.support.redis_server import RedisServer
from tokenpulse.recorder import Recorder
from tokenpulse_reader.reports.anomalies import Anomaly
from tokenpulse_reader.snapshots.leader import Leadership
from tokenpulse_reader.snapshots.score_keeper import ScoreKeeper
from tokenpulse_reader.snapshots.snapshot import SnapshotLoader
from tokenpulse_shared.keyspace import Keyspace, stamp
from tokenpulse_shared.redis_reads import Command, RedisReads
from tokenpulse_shared.store import MetricsStore

HOUR = 3600
THIS_HOUR = int(NOW // HOUR) * HOUR
USUAL_CALLS = 24


class Hour(NamedTuple):
    """Say how the calls of one hour go."""

    calls: int = USUAL_CALLS
    failed: int = 0
    latency_ms: float = 800.0
    ttft_ms: float = 200.0
    cost_usd: float = 0.001


INCIDENTS = {  # provider → hours ago → what was not usual
    "costly": dict.fromkeys(range(3, 9), Hour(cost_usd=0.004)),
    "slow": {
        **dict.fromkeys(range(10, 15), Hour(latency_ms=4000.0, ttft_ms=900.0)),
        0: Hour(latency_ms=2400.0),
    },
    "broken": {2: Hour(failed=3), 1: Hour(failed=12), 30: Hour(failed=24)},
    "silent": {5: Hour(calls=0), 4: Hour(calls=0), 3: Hour(calls=8)},
    "steady": {12: Hour(latency_ms=1500.0, cost_usd=0.0019, calls=13, failed=1)},
}


@pytest.fixture(scope="module")
def url(module_redis_server: RedisServer) -> str:
    """Give the URL of a Redis with 48 hours of five providers' calls; they cost what they did to the nano-dollar."""
    clock = FakeClock(float(THIS_HOUR - 47 * HOUR))
    with closing(Recorder(redis_url=module_redis_server.url, clock=clock)) as recorder:
        for ago in range(47, -1, -1):
            for provider, hours in INCIDENTS.items():
                _record(recorder, provider, hours.get(ago, Hour()))
            assert recorder.flush()
            clock.advance(HOUR if ago else NOW - THIS_HOUR)
    return module_redis_server.url


def _record(recorder: Recorder, provider: str, hour: Hour) -> None:
    for number in range(hour.calls):
        recorder.record(
            provider=provider,
            model=f"m{number % 3}",
            latency_ms=hour.latency_ms,
            ttft_ms=hour.ttft_ms,
            success=number >= hour.failed,
            cost=hour.cost_usd,
        )


@pytest.fixture
async def reader(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with reader_client(url, clock=FakeClock(NOW)) as client:
        yield client


def one(
    kind: str, provider: str, ago: int, value: float, expected: float, unit: str, severity: str
) -> dict[str, Any]:
    return {
        "type": kind,
        "provider": provider,
        "model": None,
        "hour": stamp("hour", THIS_HOUR - ago * HOUR),
        "value": pytest.approx(value, rel=1e-9),
        "expected": pytest.approx(expected, rel=1e-9),
        "unit": unit,
        "severity": severity,
    }


def costly(ago: int) -> dict[str, Any]:
    return one("cost_spike", "costly", ago, 0.096, 0.024, "usd", "warning")


def silent(ago: int, requests: float) -> dict[str, Any]:
    return one("traffic_drop", "silent", ago, requests, 24.0, "requests", "warning")


EXPECTED = [
    one("latency_spike", "slow", 0, 2400.0, 800.0, "ms", "warning"),
    one("high_error_rate", "broken", 1, 0.5, 0.05, "ratio", "critical"),
    one("high_error_rate", "broken", 2, 0.125, 0.05, "ratio", "warning"),
    *(costly(3), silent(3, 8.0), costly(4), silent(4, 0.0), costly(5), silent(5, 0.0)),
    *(costly(6), costly(7), costly(8)),
    *(
        found
        for ago in range(10, 15)
        for found in (
            one("latency_spike", "slow", ago, 4000.0, 800.0, "ms", "warning"),
            one("ttft_spike", "slow", ago, 900.0, 200.0, "ms", "warning"),
        )
    ),
]
LONG_AGO = one("high_error_rate", "broken", 30, 1.0, 0.05, "ratio", "critical")


@pytest.mark.parametrize(
    ("hours", "count"), [(1, 1), (2, 2), (24, len(EXPECTED)), (30, len(EXPECTED)), (31, len(EXPECTED) + 1)]
)
async def test_incidents_are_found_nothing_else(reader: httpx.AsyncClient, hours: int, count: int) -> None:
    """Every hour of each incident, newest first, against a baseline without it; half as much again is nothing."""
    body = (await reader.get(f"/api/monitoring/anomalies?hours={hours}")).json()

    found = [{name: value for name, value in held.items() if name != "message"} for held in body["anomalies"]]
    assert found == [*EXPECTED, LONG_AGO][:count]
    critical = [held for held in body["anomalies"] if held["severity"] == "critical"]
    assert (body["total_count"], body["critical_count"], body["warning_count"]) == (
        count,
        len(critical),
        count - len(critical),
    )
    assert (body["timestamp"], body["hours"], body["coverage"]) == (TIMESTAMP, hours, 1.0)


async def test_without_hours_it_is_a_day(reader: httpx.AsyncClient) -> None:
    """Each says in a sentence what it found."""
    body = (await reader.get("/api/monitoring/anomalies")).json()

    assert body["hours"] == 24
    messages = {held["type"]: held["message"] for held in reversed(body["anomalies"])}
    assert messages == {
        "latency_spike": "slow, 2024-05-15:10 UTC: the average latency was 2400 ms, usual is 800 ms",
        "high_error_rate": "broken, 2024-05-15:09 UTC: 50.0% of the calls failed by the provider's fault, 5% is expected",
        "cost_spike": "costly, 2024-05-15:07 UTC: the cost of the hour was 0.096 USD, usual is 0.024 USD",
        "traffic_drop": "silent, 2024-05-15:07 UTC: 8 requests came, 24 were to be expected",
        "ttft_spike": "slow, 2024-05-15:00 UTC: the average time to first token was 900 ms, usual is 200 ms",
    }


async def test_the_snapshot_holds_those_of_a_day(url: str) -> None:
    """What the exposition counts is what the endpoint lists."""
    clock = FakeClock(NOW)
    async with MetricsStore(url, clock=clock) as store:
        leadership = Leadership(store.boards, clock, "reader", 2.0)
        snapshot = await SnapshotLoader(store, ScoreKeeper(store.boards, leadership, 60.0, 10.0)).load()

    assert len(snapshot.anomalies) == len(EXPECTED)
    assert snapshot.anomalies[1] == Anomaly(
        type="high_error_rate",
        provider="broken",
        start=THIS_HOUR - HOUR,
        value=0.5,
        expected=0.05,
        severity="critical",
    )


async def test_the_snapshot_reads_each_hour_of_a_provider_once(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two days serve the anomalies; their second half is the last day, nothing older is counted in it."""
    asked: list[str] = []
    batch = RedisReads.batch

    async def noted(reads: RedisReads, commands: Sequence[Command], *, atomic: bool = False) -> list[Any]:
        asked.extend(str(command[1]) for command in commands if command[0] == "HGETALL")
        return await batch(reads, commands, atomic=atomic)

    monkeypatch.setattr(RedisReads, "batch", noted)
    clock = FakeClock(NOW)
    async with MetricsStore(url, clock=clock) as store:
        leadership = Leadership(store.boards, clock, "reader", 2.0)
        snapshot = await SnapshotLoader(store, ScoreKeeper(store.boards, leadership, 60.0, 10.0)).load()

    keys = Keyspace()
    hours = [
        keys.counters(provider, None, stamp("hour", THIS_HOUR - ago * HOUR))
        for provider in INCIDENTS
        for ago in range(48)
    ]
    assert [asked.count(key) for key in hours] == [1] * len(hours)
    assert snapshot.last_day.cost_nano_usd == {
        "broken": 576_000_000,  # a call that failed costs as much
        "costly": 1_008_000_000,
        "silent": 512_000_000,
        "slow": 576_000_000,
        "steady": 576_700_000,
    }
    assert sum(sum(calls) for calls in snapshot.last_day.uptime.values()) == 24 * 5 * 24 - 64 - 11


async def test_nothing_is_found_where_nothing_is_known(
    redis_url: str, open_recorder: Callable[..., Recorder]
) -> None:
    """Coverage says that there is no data; then how much of the hours asked for there is."""
    clock = FakeClock(NOW)
    async with reader_client(redis_url, clock=clock) as client:
        body = (await client.get("/api/monitoring/anomalies")).json()
    recorder = open_recorder(redis_url=redis_url, clock=clock)
    recorder.record(provider="p", model="m")
    recorder.close()
    async with reader_client(redis_url, clock=clock) as client:
        later = (await client.get("/api/monitoring/anomalies?hours=2")).json()

    assert (body["anomalies"], body["total_count"], body["coverage"]) == ([], None, 0.0)
    assert (later["anomalies"], later["coverage"]) == ([], pytest.approx(1820 / 5420))
