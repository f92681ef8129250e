"""Tests of writer and reader over a Redis Cluster whose nodes die, hang, or are replaced."""

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from tests.support.cluster import RedisCluster
from tests.support.load import Load, counted, settle
from tests.support.processes import wait_until
from tests.support.reader_client import reader_client
from tests.support.replication import cut_off
from tests.support.stopwatch import unhindered_seconds
from tests.support.written import KEYS
from tokenpulse.recorder import Recorder
from tokenpulse_shared.connections.cluster_slots import slot_of
from tokenpulse_shared.errors import KeyspaceVersionError, StoreUnavailableError
from tokenpulse_shared.keyspace_version import KEYSPACE_VERSION
from tokenpulse_shared.redis_client import connect, connect_async
from tokenpulse_shared.store import MetricsStore

PROVIDERS = ("groq", "openai", "anthropic", "mistral")
"""Of all three masters."""
REALTIME = "/api/monitoring/stats/realtime"
HOURLY = "/api/monitoring/stats/hourly"
COUNTED = re.compile('model_inference_requests_total{.*status="success"')
FLUSH_SECONDS = 1.0
SLACK_SECONDS = 0.3
"""What a busy machine adds."""
pytestmark = pytest.mark.usefixtures("own_limits")

OpenRecorder = Callable[..., Recorder]


@pytest.fixture
def six_nodes() -> Iterator[RedisCluster]:
    """Give three masters with a replica each."""
    with RedisCluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def module_three_masters() -> Iterator[RedisCluster]:
    """Give three masters that go on when one is gone, and that no replica replaces."""
    with RedisCluster(has_replicas=False, **{"cluster-require-full-coverage": "no"}) as cluster:
        yield cluster


@pytest.fixture
def three_masters(module_three_masters: RedisCluster) -> RedisCluster:
    """Give the three masters, well and empty, whatever a test before left."""
    for server in module_three_masters.servers:
        server.resume()
        if not server.is_running:
            server.start()
    wait_until(module_three_masters.is_well, "the cluster to be well")
    for server in module_three_masters.servers:
        with server.client() as client:
            client.flushall()
    return module_three_masters


def _owner(cluster: RedisCluster, provider: str) -> int:
    slot = slot_of(("GET", KEYS.totals(provider)))
    assert slot is not None
    return cluster.owner(slot)


def _at(cluster: RedisCluster, node: int) -> list[str]:
    return [provider for provider in PROVIDERS if _owner(cluster, provider) == node]


async def test_what_a_lagging_replica_never_got_is_replayed(
    six_nodes: RedisCluster, open_recorder: OpenRecorder
) -> None:
    """A master that is killed under load, with acknowledged batches that its replica lacks: nothing is lost."""
    doomed = _owner(six_nodes, "groq")
    url = six_nodes.url_of(six_nodes.servers[(doomed + 1) % 3])
    recorder = open_recorder(url, flush_interval=0.05)
    load = Load(recorder, PROVIDERS)
    load.record()
    settle(recorder)
    store = MetricsStore(url)
    await store.totals()
    cut_off(six_nodes.servers[six_nodes.masters + doomed])
    with load:
        flushed = recorder.stats()["counts"]["batches"]
        wait_until(
            lambda: recorder.stats()["counts"]["batches"] > flushed + 20, "batches only the master has"
        )
        six_nodes.servers[doomed].kill()
        wait_until(lambda: _owner(six_nodes, "groq") != doomed, "the replica to take over")
    settle(recorder)

    counts = recorder.stats()["counts"]
    assert counts["gaps"] >= 1
    assert counts["replayed"] >= 1
    assert "unrecoverable" not in counts
    dead = ("127.0.0.1", six_nodes.servers[doomed].port)
    with connect(url) as client:
        assert counted(client) == load.ledger.counters()
    with contextlib.suppress(StoreUnavailableError):  # of a connection that nobody has looked at meanwhile
        await store.totals()
    totals = {name: held.counters["tokens_input"] for name, held in (await store.totals()).providers.items()}
    assert totals == {name: load.ledger.counters()[name, None]["tokens_input"] for name in PROVIDERS}
    assert dead not in recorder._client._links
    assert dead not in store._client._pools
    await store.aclose()


def test_a_forced_takeover_is_exact(six_nodes: RedisCluster, open_recorder: OpenRecorder) -> None:
    """A replica takes over from a master that lives, and goes on acknowledging until it knows: nothing is lost."""
    recorder = open_recorder(six_nodes.url, flush_interval=0.05)
    load = Load(recorder, PROVIDERS)
    old = _owner(six_nodes, "groq")
    with load:
        wait_until(lambda: recorder.stats()["counts"].get("batches", 0) > 20, "batches")
        with six_nodes.servers[six_nodes.masters + old].client() as replica:
            replica.execute_command("CLUSTER FAILOVER", "TAKEOVER")
        wait_until(lambda: _owner(six_nodes, "groq") != old, "the takeover to be known")
        flushed = recorder.stats()["counts"]["batches"]
        wait_until(lambda: recorder.stats()["counts"]["batches"] > flushed + 20, "more batches")
    settle(recorder)

    assert "unrecoverable" not in recorder.stats()["counts"]
    with connect(six_nodes.url) as client:
        assert counted(client) == load.ledger.counters()


async def test_what_a_dead_master_holds_waits_the_rest_goes_on(
    three_masters: RedisCluster, open_recorder: OpenRecorder
) -> None:
    """One of three masters is gone: other providers are written and read; what covers all is unavailable, never low."""
    cluster = three_masters
    recorder = open_recorder(cluster.url, flush_interval=60)
    recorder._started = True  # each flush is this test's own
    load = Load(recorder, PROVIDERS)
    load.record(5)
    settle(recorder)
    doomed = _owner(cluster, "groq")
    lost = _at(cluster, doomed)
    living = [provider for provider in PROVIDERS if provider not in lost]
    cluster.servers[doomed].kill()
    for _ in range(3):
        load.record()
        assert not recorder.flush()
        await asyncio.sleep(0)
    client = connect(cluster.url)
    async with MetricsStore(cluster.url) as store:
        for provider in living:
            window = await store.provider_window(provider, minutes=60)

            assert window.total().counters["total_requests"] == 8
            assert int(client.hget(KEYS.totals(provider), "total_requests") or 0) == 8
        for provider in lost:
            with pytest.raises(StoreUnavailableError, match="Redis gave no answer"):
                await store.provider_window(provider, minutes=60)
        with pytest.raises(StoreUnavailableError, match="Redis gave no answer"):
            await store.totals()
    stats = recorder.stats()
    assert (stats["connected"], stats["last_error"], stats["partial_error"]) == (
        True,
        None,
        "connection refused",
    )
    assert stats["pending_batches"] >= len(lost)

    cluster.servers[doomed].start()
    wait_until(cluster.is_well, "the node to be back, empty")
    settle(recorder)

    assert counted(client) == load.ledger.counters()
    assert "unrecoverable" not in recorder.stats()["counts"]
    assert recorder.stats()["partial_error"] is None
    client.close()


@pytest.mark.parametrize("state", ["paused", "killed"])
def test_a_flush_is_bounded_whatever_the_nodes_do(
    three_masters: RedisCluster, open_recorder: OpenRecorder, state: str
) -> None:
    """Nodes hang or are gone, one after the other, until none is left: every attempt ends within a second."""
    recorder = open_recorder(three_masters.url, flush_interval=60)
    recorder._started = True  # each flush is this test's own
    load = Load(recorder, PROVIDERS)
    load.record()
    settle(recorder)
    took: list[float] = []
    for server in three_masters.servers:
        server.pause() if state == "paused" else server.kill()
        for _ in range(3):
            load.record()
            began = unhindered_seconds()
            assert not recorder.flush()
            took.append(unhindered_seconds() - began)
    for server in three_masters.servers:
        server.resume() if state == "paused" else server.start()
    wait_until(three_masters.is_well, "the nodes to be back")
    settle(recorder)

    assert max(took) < FLUSH_SECONDS + SLACK_SECONDS
    with connect(three_masters.url) as client:
        assert counted(client) == load.ledger.counters()


def test_names_that_cannot_be_asked_for_wait_alone(
    three_masters: RedisCluster, open_recorder: OpenRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    """The node with the index of providers is gone: a new provider waits, those that are known are written."""
    cluster = three_masters
    recorder = open_recorder(cluster.url, flush_interval=60)
    recorder._started = True  # each flush is this test's own
    load = Load(recorder, PROVIDERS)
    load.record()
    settle(recorder)
    slot = slot_of(("GET", KEYS.providers()))
    assert slot is not None
    doomed = cluster.owner(slot)
    living = [provider for provider in PROVIDERS if provider not in _at(cluster, doomed)]
    cluster.servers[doomed].kill()
    load.record()
    newcomer = Load(recorder, ("newcomer",))
    newcomer.record()

    assert not recorder.flush()
    assert "names could not be asked for, counts wait" in caplog.text
    with connect(cluster.url) as client:
        for provider in living:
            assert client.hget(KEYS.totals(provider), "total_requests") == b"2"

        cluster.servers[doomed].start()
        wait_until(cluster.is_well, "the node to be back, empty")
        settle(recorder)

        assert counted(client) == load.ledger.counters() | newcomer.ledger.counters()


async def test_a_node_that_hangs_fails_what_it_holds(three_masters: RedisCluster) -> None:
    """Commands too large for it to take in, and commands it does not answer, fail in their places; the rest is done."""
    cluster = three_masters
    keys = {_owner(cluster, provider): KEYS.errors(provider) for provider in PROVIDERS}
    hanging, *others = sorted(keys)
    reader = connect_async(cluster.url, timeout_seconds=0.2)
    with connect(cluster.url) as client:
        for key in keys.values():
            client.set(key, "x")
            await reader.get(key)
        cluster.servers[hanging].pause()
        with pytest.raises(redis.TimeoutError):
            client.set(keys[hanging], bytes(50_000_000))
        with client.pipeline(transaction=False) as pipeline:
            for key in keys.values():
                pipeline.set(key, "y")
            written = dict(zip(keys, pipeline.execute(raise_on_error=False), strict=True))
        async with reader.pipeline(transaction=False) as pipeline:
            for key in keys.values():
                pipeline.get(key)
            read = dict(zip(keys, await pipeline.execute(raise_on_error=False), strict=True))
        again = [reader.get(keys[hanging]), reader.get(keys[others[0]])]
        passed_over, held = await asyncio.gather(*again, return_exceptions=True)
        cluster.servers[hanging].resume()

    assert isinstance(read.pop(hanging), redis.TimeoutError)
    assert "failed a moment ago" in f"{written.pop(hanging)} {passed_over}"
    assert (set(written.values()), set(read.values())) == ({True}, {b"y"})
    assert held == b"y"
    await reader.aclose()


def test_an_idle_provider_is_looked_after(
    three_masters: RedisCluster, open_recorder: OpenRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its node lost everything while nothing was recorded for it: its batches come again without new traffic."""
    monkeypatch.setattr("tokenpulse.writing.redis_writer.QUIET_SECONDS", 0.0)
    monkeypatch.setattr("tokenpulse.flushing.pipeline.REPORT_SECONDS", 0.0)
    recorder = open_recorder(three_masters.url, flush_interval=60)
    recorder._started = True  # each flush is this test's own
    load = Load(recorder, PROVIDERS)
    load.record()
    assert recorder.flush()
    with three_masters.servers[_owner(three_masters, "groq")].client() as node:
        node.flushall()
    for _ in range(2):
        recorder.flush()
    with connect(three_masters.url) as client:
        assert counted(client) == load.ledger.counters()
        assert recorder.stats()["counts"]["replayed"] >= 1


async def test_a_reader_of_a_half_dead_cluster_tells_no_sum_that_lacks_a_part(
    three_masters: RedisCluster, open_recorder: OpenRecorder
) -> None:
    """The last whole answer stands, marked stale, however often it is asked for; what lives on is told afresh."""
    cluster = three_masters
    recorder = open_recorder(cluster.url, flush_interval=60)
    recorder._started = True  # each flush is this test's own
    load = Load(recorder, PROVIDERS)
    load.record(5)
    settle(recorder)
    doomed = _owner(cluster, "openai")  # neither the index of providers nor the version is there
    async with reader_client(cluster.url, snapshot_interval=0.1) as client:

        async def answer(path: str) -> dict[str, Any]:
            response = await client.get(path)
            assert response.status_code == 200, response.text
            return response.json()  # type: ignore[no-any-return]  # an object each

        async def answer_once(path: str, *, is_stale: bool) -> dict[str, Any]:
            async with asyncio.timeout(10):  # each is served as fresh for 0.1 s after its own load
                while (told := await answer(path))["stale"] != is_stale:
                    assert told.get("total_requests", 20) == 20
                    await asyncio.sleep(0.02)
            return told

        await answer(REALTIME)
        await answer(f"{HOURLY}/openai")
        cluster.servers[doomed].kill()
        load.record()
        assert not recorder.flush()
        told = await answer_once(REALTIME, is_stale=True)
        kept = await answer_once(f"{HOURLY}/openai", is_stale=True)
        scrape = (await client.get("/metrics")).text
        fresh = await answer(f"{HOURLY}/groq")

        assert (told["total_requests"], set(told["providers"])) == (20, set(PROVIDERS))
        assert [line.split()[-1] for line in scrape.splitlines() if COUNTED.match(line)] == ["5"] * 4
        assert (fresh["stale"], sum(hour["total_requests"] for hour in fresh["data"].values())) == (False, 6)
        assert (kept["stale"], sum(hour["total_requests"] for hour in kept["data"].values())) == (True, 5)

        cluster.servers[doomed].start()
        wait_until(cluster.is_well, "the node to be back, empty")
        settle(recorder)
        again = await answer_once(REALTIME, is_stale=False)

        assert again["total_requests"] == 24


async def test_a_reader_does_without_the_node_of_the_version(
    three_masters: RedisCluster, open_recorder: OpenRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it has passed it: what other nodes hold is read on. Without having passed it nothing is read."""
    monkeypatch.setattr("tokenpulse_shared.redis_reads.VERSION_SECONDS", 0.0)
    recorder = open_recorder(three_masters.url, flush_interval=60)
    load = Load(recorder, PROVIDERS)
    load.record(5)
    settle(recorder)
    slot = slot_of(("GET", KEYS.version()))
    assert slot is not None
    async with (
        MetricsStore(three_masters.url) as store,
        MetricsStore(three_masters.url) as late,
        MetricsStore(three_masters.url) as refused,
    ):
        for passed in (store, refused):
            await passed.provider_window("groq", minutes=60)
        with connect(three_masters.url) as client:
            client.set(KEYS.version(), KEYSPACE_VERSION + 1)
            with pytest.raises(KeyspaceVersionError):
                await refused.provider_window("groq", minutes=60)
            client.set(KEYS.version(), KEYSPACE_VERSION)
        three_masters.servers[three_masters.owner(slot)].kill()
        for _ in range(3):
            window = await store.provider_window("groq", minutes=60)

            assert window.total().counters["total_requests"] == 5
        for stranger in (late, refused):
            with pytest.raises(StoreUnavailableError, match="Redis gave no answer"):
                await stranger.provider_window("groq", minutes=60)
