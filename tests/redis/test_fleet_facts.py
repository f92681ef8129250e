"""What the exposition tells beside the snapshot is loaded, and what readers count of themselves is stored."""

from types import SimpleNamespace
from typing import Any

from tests.support.exposition_facts import facts
from tokenpulse.recorder import Recorder
from tokenpulse_reader.exposition.request_rate import RequestRate
from tokenpulse_reader.reports.anomalies import Anomaly
from tokenpulse_reader.snapshots.fleet_facts import FleetFacts
from tokenpulse_shared.store import MetricsStore

HOUR = 1_800_000_000 // 3600 * 3600
CACHE = SimpleNamespace(hits=3, misses=1)


def _snapshot(*anomalies: Anomaly, taken_at: float = HOUR + 10.0) -> Any:
    """Return what is used of a snapshot."""
    known = facts()
    return SimpleNamespace(
        computed_at=HOUR + 10.0,
        totals=SimpleNamespace(taken_at=taken_at, apps=known.totals.apps),
        health={},
        circuits=(),
        last_day=known.last_day,
        anomalies=anomalies,
    )


def _spike(start: int, provider: str = "openai") -> Anomaly:
    return Anomaly(type="cost_spike", provider=provider, start=start, value=12.4, expected=4.0)


async def test_anomalies_count_once_the_present_ones_stand(redis_url: str) -> None:
    """Told with each snapshot, by each reader; one of the hour before last is over."""
    snapshot = _snapshot(_spike(HOUR), _spike(HOUR - 3600), _spike(HOUR - 7200), _spike(HOUR, "groq"))
    async with MetricsStore(redis_url) as one, MetricsStore(redis_url) as two:
        for store in (one, two, one):
            made = await FleetFacts(store, dict, lambda: 0, RequestRate()).of(snapshot)

    assert made.anomalies == {"cost_spike": 3}
    assert made.readers is not None
    assert made.readers["anomaly:cost_spike"] == 4


async def test_caches_and_errors_are_told(redis_url: str) -> None:
    """As they stand, with what was asked of Redis before."""
    async with MetricsStore(redis_url) as store:
        facts_of = FleetFacts(store, lambda: {"windows": CACHE}, lambda: 2, RequestRate())
        first = (await facts_of.of(_snapshot())).readers or {}
        second = (await facts_of.of(_snapshot())).readers or {}

    assert {name: first[name] for name in ("hits:windows", "misses:windows", "task_errors")} == {
        "hits:windows": 3,
        "misses:windows": 1,
        "task_errors": 2,
    }
    assert second["hits:windows"] == 3
    assert second["queries:reader:eval"] == 1


async def test_breakers_counters_and_gauges_are_those_of_the_store(redis_url: str) -> None:
    """Nothing is made up where nobody counted or posted."""
    recorder = Recorder(redis_url=redis_url)
    recorder.record(provider="openai", model="m", latency_ms=1, success=True)
    assert recorder.flush()
    recorder.close()
    async with MetricsStore(redis_url) as store:
        await store.post_gauges({"active_connections": {("websocket",): 4}})
        made = await FleetFacts(store, dict, lambda: 0, RequestRate()).of(_snapshot())

    assert made.breaker_counters["openai"].successes == {"CLOSED": 1}
    assert [(gauge.name, gauge.labels, gauge.value) for gauge in made.gauges if gauge.posted_at] == [
        ("active_connections", ("websocket",), 4)
    ]


async def test_the_rate_is_told_the_requests_of_each_snapshot(redis_url: str) -> None:
    """By the time at which they were counted."""
    rate = RequestRate()
    async with MetricsStore(redis_url) as store:
        facts_of = FleetFacts(store, dict, lambda: 0, rate)
        await facts_of.of(_snapshot(taken_at=100.0))
        await facts_of.of(_snapshot(taken_at=130.0))

    assert rate.per_minute() == 0.0
