"""Tests of writer and reader over a Redis Cluster that is well, and whose slots and seeds change."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
import redis

from tests.support.cancelling import cancel_reads
from tests.support.clock import FakeClock
from tests.support.cluster import RedisCluster
from tests.support.load import Load, counted, settle
from tests.support.written import KEYS, record_each
from tokenpulse.batches.numbered_batch import Group
from tokenpulse.recorder import Recorder
from tokenpulse_shared.connections.cluster_client import ClusterClient
from tokenpulse_shared.connections.cluster_slots import slot_of
from tokenpulse_shared.redis_client import connect, connect_async
from tokenpulse_shared.redis_reads import RedisReads
from tokenpulse_shared.rights import IN_A_CLUSTER, Role, acl_rules, lacking_rights
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.time_limit import time_limit
from tokenpulse_shared.totals.server_info import load_server_info

PROVIDERS = ("groq", "openai", "anthropic", "mistral", "a{b}c:%")
CANCELS = 500

OpenRecorder = Callable[..., Recorder]


@pytest.fixture(scope="module")
def three_masters() -> Iterator[RedisCluster]:
    """Give a cluster of three masters."""
    with RedisCluster(has_replicas=False) as cluster:
        yield cluster


@pytest.fixture
def cluster(three_masters: RedisCluster) -> RedisCluster:
    """Give the cluster, empty."""
    for server in three_masters.servers:
        with server.client() as client:
            client.flushall()
            client.script_flush()
    return three_masters


@pytest.fixture
def client(cluster: RedisCluster) -> Iterator[redis.Redis]:
    """Give a blocking client of the cluster."""
    with connect(cluster.url) as client:
        yield client


def _port_of(cluster: RedisCluster, key: str) -> int:
    return cluster.servers[cluster.owner(slot_of(("GET", key)) or 0)].port


def _slot(provider: str) -> int:
    slot = slot_of(("GET", KEYS.totals(provider)))
    assert slot is not None
    return slot


async def test_what_is_recorded_is_read(
    cluster: RedisCluster, client: redis.Redis, open_recorder: OpenRecorder
) -> None:
    """Totals, windows, errors, breakers and gateways are those of the ledger, over all nodes."""
    recorder = open_recorder(cluster.url, flush_interval=0.05)
    load = Load(recorder, PROVIDERS)
    with load:
        load.record(100)
    recorder.record(provider="groq", model="m", success=False, error_message="no", gateway="router")
    load.ledger.note("groq", "m")
    recorder.close()

    assert {cluster.owner(_slot(provider)) for provider in PROVIDERS} == {0, 1, 2}
    assert counted(client) == load.ledger.counters()
    assert recorder.stats()["counts"].keys() & {"duplicates", "gaps", "refused_batches"} == set()
    async with MetricsStore(cluster.url) as store:
        totals, windows = await store.totals(), await store.provider_windows(1)
        [error] = await store.recent_errors("groq")
        circuits = await store.circuits()
        await store.ping()

        assert await store.gateways() == ["router"]
        assert await store.providers_of("m") == sorted(PROVIDERS)
    told = {series.provider: series.totals.counters["total_requests"] for series in totals.models}
    assert told == {
        provider: load.ledger.counters()[provider, "m"]["total_requests"] for provider in PROVIDERS
    }
    assert {window.series.provider: window.total().counters["total_requests"] for window in windows} == told
    assert (error["error"], len(circuits)) == ("no", len(PROVIDERS))


@pytest.mark.parametrize("provider", ["groq", "a{b}c:%"])
def test_breakers_are_shared_over_a_cluster(
    cluster: RedisCluster, open_recorder: OpenRecorder, provider: str
) -> None:
    """All keys of a breaker share its provider's slot: it opens, is leased, closes, counts as on one server."""
    clock = FakeClock(1_700_000_000.0)
    recorder = open_recorder(cluster.url, clock=clock)
    recorder._started = True  # each flush is this test's own
    recorder.breaker.allow(provider, "m")
    for _ in range(5):
        recorder.record(provider=provider, model="m", success=False)
    recorder.flush()
    clock.advance(61.0)
    recorder.flush()
    assert not recorder.breaker.allow(provider, "m")
    recorder.flush()
    with recorder.breaker.allow(provider, "m") as probe:
        for _ in range(2):
            recorder.record(provider=provider, model="m")
        recorder.flush()
    with connect(cluster.url) as client:
        counted = client.hgetall(KEYS.circuit_totals(provider))

    assert probe.is_probe
    keys = (KEYS.circuit(provider, "m"), KEYS.moved_circuits(provider), KEYS.circuit_totals(provider))
    assert {slot_of(("GET", key)) for key in keys} == {_slot(provider)}
    assert {name: count for name, count in counted.items() if not name.startswith(b"writer:")} == {
        b"moved:CLOSED:OPEN": b"1", b"moved:OPEN:HALF_OPEN": b"1", b"moved:HALF_OPEN:CLOSED": b"1",
        b"failure:CLOSED": b"5", b"success:HALF_OPEN": b"2", b"rejected": b"1",
    }  # fmt: skip


def test_a_slot_on_the_move_waits_the_rest_goes_on(
    cluster: RedisCluster, client: redis.Redis, open_recorder: OpenRecorder
) -> None:
    """While keys are here and there nothing of that provider is written; afterwards everything is, at its new node."""
    recorder = open_recorder(cluster.url, flush_interval=60)
    recorder._started = True  # each flush is this test's own
    load = Load(recorder, ("groq", "openai"))
    load.record(3)
    settle(recorder)
    slot = _slot("groq")
    source = cluster.owner(slot)
    target = (source + 1) % 3
    cluster.begin_move(slot, source, target)
    for moved in (0, 1, 1000):
        cluster.move_keys(slot, source, target, moved)
        load.record()

        assert not recorder.flush()
        assert list(recorder._pipeline.writer.in_flight) == [Group("provider", "groq")]
    cluster.end_move(slot, target)
    settle(recorder)

    assert cluster.owner(slot) == target
    assert counted(client) == load.ledger.counters()
    assert recorder.stats()["counts"]["refused_batches"] == 3
    cluster.begin_move(slot, target, source)
    cluster.move_keys(slot, target, source)
    cluster.end_move(slot, source)


async def test_a_slot_on_the_move_is_read_whole(
    cluster: RedisCluster, client: redis.Redis, open_recorder: OpenRecorder
) -> None:
    """Some of its keys are at the old node, some at the new one: none is missed."""
    recorder = open_recorder(cluster.url, flush_interval=60)
    record_each(recorder, "groq", "m", "n", tokens_input=3)
    settle(recorder)
    slot = _slot("groq")
    source = cluster.owner(slot)
    target = (source + 1) % 3
    cluster.begin_move(slot, source, target)
    cluster.move_keys(slot, source, target, 5)
    async with MetricsStore(cluster.url) as store:
        window = await store.provider_window("groq", minutes=60)
        totals = await store.totals()
    with client.pipeline(transaction=True) as pipeline:
        for model in (None, "m", "n"):
            pipeline.hget(KEYS.totals("groq", model), "tokens_input")
        blocking = pipeline.execute()
    cluster.move_keys(slot, source, target)
    cluster.end_move(slot, target)

    assert blocking == [b"6", b"3", b"3"]
    assert window.total().counters["tokens_input"] == 6
    assert totals.providers["groq"].counters["tokens_input"] == 6
    async with MetricsStore(cluster.url) as store:
        assert (await store.provider_window("groq", minutes=60)).total().counters["tokens_input"] == 6
    cluster.begin_move(slot, target, source)
    cluster.move_keys(slot, target, source)
    cluster.end_move(slot, source)


def test_resharding_under_load_is_exact(
    cluster: RedisCluster, client: redis.Redis, open_recorder: OpenRecorder
) -> None:
    """Slots go round all nodes, key by key, while two writers write: nothing is lost, nothing doubled."""
    recorders = [open_recorder(cluster.url, flush_interval=0.05) for _ in range(2)]
    loads = [Load(recorder, PROVIDERS) for recorder in recorders]
    slots = {_slot(provider) for provider in PROVIDERS} | {slot_of(("GET", KEYS.providers())) or 0}
    with loads[0], loads[1]:
        for step in (1, 1, 1):
            for slot in slots:
                source = cluster.owner(slot)
                target = (source + step) % 3
                cluster.begin_move(slot, source, target)
                while cluster.move_keys(slot, source, target, 3):
                    pass
                cluster.end_move(slot, target)
    for recorder in recorders:
        settle(recorder)
        recorder.close()

    whole = {
        series: {name: books[0][series][name] + books[1][series][name] for name in books[0][series]}
        for books in [[load.ledger.counters() for load in loads]]
        for series in books[0]
    }
    assert counted(client) == whole
    assert "unrecoverable" not in recorders[0].stats()["counts"]


async def test_what_is_sent_to_and_fro_is_answered(
    cluster: RedisCluster, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two nodes that each send us to the other are not followed for ever."""
    for module in ("cluster_client", "cluster_async_client"):
        monkeypatch.setattr(f"tokenpulse_shared.connections.{module}.MAX_ROUNDS", 1)
    reader = connect_async(cluster.url)
    slot = _slot("groq")
    source = cluster.owner(slot)
    target = (source + 1) % 3
    await reader.ping()
    client.ping()
    cluster.begin_move(slot, source, target)
    cluster.end_move(slot, target)
    with pytest.raises(redis.ResponseError, match="moving"):
        client.get(KEYS.totals("groq"))
    with pytest.raises(redis.ResponseError, match="moving"):
        await reader.get(KEYS.totals("groq"))
    await reader.aclose()
    cluster.begin_move(slot, target, source)
    cluster.end_move(slot, source)


async def test_one_seed_that_answers_is_enough(cluster: RedisCluster) -> None:
    """The others may be gone, or be no Redis at all; what the map names is used from then on."""
    url = f"redis+cluster://127.0.0.1:1,127.0.0.1:2,127.0.0.1:{cluster.servers[2].port}"
    keys = [f"k{number}" for number in range(20)]
    with connect(url) as client:
        client.mset({"one": "1"})
        for key in keys:
            client.set(key, key)
        reader = connect_async(url)

        assert [await reader.get(key) for key in keys] == [key.encode() for key in keys]
        await reader.aclose()


@pytest.mark.parametrize("is_async", [False, True])
async def test_no_seed_that_answers_is_an_error(is_async: bool) -> None:
    """It is what the last one said."""
    url = "redis+cluster://127.0.0.1:1,127.0.0.1:2"
    if is_async:
        reader = connect_async(url)
        with pytest.raises(redis.ConnectionError, match=r"127\.0\.0\.1:2"):
            await reader.get("k")
        await reader.aclose()
    else:
        with connect(url) as client, pytest.raises(redis.ConnectionError, match=r"127\.0\.0\.1:2"):
            client.get("k")


async def test_a_server_without_a_cluster_is_an_error(redis_url: str) -> None:
    """It knows of no slots."""
    url = redis_url.replace("redis://", "redis+cluster://")
    reader = connect_async(url)
    with connect(url) as client, pytest.raises(redis.RedisError):
        client.get("k")
    with pytest.raises(redis.RedisError):
        await reader.get("k")
    await reader.aclose()


async def test_clients_do_what_redis_py_does(cluster: RedisCluster, client: redis.Redis) -> None:
    """Replies are parsed, refusals raised or returned, transactions hold for a slot; any node answers keyless commands."""
    reader = connect_async(cluster.url)
    client.hset("h{x}", mapping={"a": "1"})
    client.lpush("l{y}", "v")
    for made in (client, reader):
        pipeline = made.pipeline(transaction=True)
        pipeline.hgetall("h{x}")
        pipeline.hgetall("l{y}")
        pipeline.execute_command("ZSCORE", "none{z}", "m")
        replies = pipeline.execute(raise_on_error=False)
        hash_held, refusal, score = await replies if made is reader else replies

        assert (hash_held, score) == ({b"a": b"1"}, None)
        assert isinstance(refusal, redis.ResponseError)
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        client.hgetall("l{y}")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        await reader.hgetall("l{y}")
    assert client.time()[0] > 0
    assert await reader.ping()
    await reader.aclose()


async def test_the_rights_that_are_documented_are_enough(
    cluster: RedisCluster, open_recorder: OpenRecorder
) -> None:
    """On every node a user each for the writer and the reader: all is written, all is read."""
    roles: tuple[Role, ...] = ("writer", "reader")
    for server in cluster.servers:
        with server.client() as node:
            for role in roles:
                rights = (*acl_rules(role), *(f"+{command}" for command in IN_A_CLUSTER))
                node.execute_command("ACL", "SETUSER", role, "on", ">secret", *rights)
    urls = {role: cluster.url.replace("//", f"//{role}:secret@") for role in roles}
    recorder = open_recorder(urls["writer"], flush_interval=60)
    for provider in PROVIDERS:
        record_each(recorder, provider, "m")

    assert recorder.flush()
    assert recorder.stats()["lacking_rights"] == []
    async with MetricsStore(urls["reader"]) as store:
        assert len(await store.provider_windows(1)) == len((await store.totals()).models) == len(PROVIDERS)


async def test_info_is_that_of_all_masters(cluster: RedisCluster, client: redis.Redis) -> None:
    """Numbers of several servers are added up; without one of them the sum is not known."""
    for number in range(60):
        client.set(f"key{number}", "x")
    reader = connect_async(cluster.url)
    whole = await load_server_info(reader)
    with cluster.servers[1].client() as alone:
        alone.execute_command("ACL", "SETUSER", "default", "-info")
        lacking = await load_server_info(reader)
        alone.execute_command("ACL", "SETUSER", "default", "+info")
    await reader.aclose()

    assert whole is not None
    assert whole.keys == {"0": 60}
    assert whole.numbers["connected_clients"] >= 3
    assert lacking is None


async def test_one_node_can_be_asked_alone(cluster: RedisCluster, client: redis.Redis) -> None:
    """Each master has a client of its own, as diagnostics want it."""
    assert isinstance(client, ClusterClient)
    reader = connect_async(cluster.url)
    nodes = client.nodes()

    assert [port for _, port in nodes] == [server.port for server in cluster.servers]
    assert await reader.nodes() == nodes
    for node in nodes:
        with client.node_client(node) as alone:
            assert alone.info("cluster")["cluster_enabled"] == 1
        async with reader.node_client(node) as alone_too:
            assert await alone_too.ping()
    assert lacking_rights(client, "writer", KEYS.totals("groq")) == []
    await reader.aclose()


def test_without_time_nothing_is_sent(cluster: RedisCluster, client: redis.Redis) -> None:
    """It is nobody's fault: with time again every node answers."""
    client.ping()
    with time_limit(0), client.pipeline(transaction=False) as pipeline:
        for key in ("{a}", "{b}", "{c}"):
            pipeline.set(key, "v")
        replies = pipeline.execute(raise_on_error=False)

    assert [type(reply) for reply in replies] == [redis.TimeoutError] * 3
    with connect(cluster.url) as stranger:
        with time_limit(0), pytest.raises(redis.TimeoutError, match="no time was left"):
            stranger.ping()

        assert stranger.ping()
    assert [client.exists(key) for key in ("{a}", "{b}", "{c}")] == [0, 0, 0]


async def test_a_client_that_is_closed_ends_what_it_does(cluster: RedisCluster) -> None:
    """A read that waits for its answer fails, and leaves no connection open."""
    reader = connect_async(cluster.url)
    assert await reader.get("k") is None
    [pool] = [
        pool for pool in reader._pools.values() if pool.connection_kwargs["port"] == _port_of(cluster, "k")
    ]
    with cluster.servers[cluster.owner(slot_of(("GET", "k")) or 0)].client() as node:
        node.client_pause(500)
        reading = asyncio.create_task(reader.get("k"))
        while not pool._in_use_connections:
            await asyncio.sleep(0)
        await reader.aclose()
        with pytest.raises(redis.ConnectionError):
            await reading

        assert not any(connection.is_connected for connection in pool._available_connections)
        node.client_unpause()


async def test_concurrent_batches_share_the_connections(cluster: RedisCluster) -> None:
    """Batches of one client at the same time get their own replies, blocking as well as asyncio."""
    reader = connect_async(cluster.url)

    async def echo(number: int) -> bool:
        async with reader.pipeline(transaction=False) as pipeline:
            for at in range(5):
                pipeline.set(f"{number}:{at}", number)
                pipeline.get(f"{number}:{at}")
            return (await pipeline.execute())[1::2] == [b"%d" % number] * 5

    assert all(await asyncio.gather(*(echo(number) for number in range(7))))
    await reader.aclose()
    told: list[bool] = []
    with connect(cluster.url) as client:
        threads = [
            threading.Thread(
                target=lambda number: told.append(
                    all(client.set(f"{number}:{at}", at) for at in range(20))
                    and all(client.get(f"{number}:{at}") == b"%d" % at for at in range(20))
                ),
                args=(number,),
            )
            for number in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert told == [True] * 4


async def test_a_cancelled_read_leaves_nothing_to_others(cluster: RedisCluster) -> None:
    """Between request and reply, while the map is asked for: no answer of any node goes to another."""
    client = connect_async(cluster.url)
    answered = await cancel_reads(RedisReads(client), CANCELS)
    await client.aclose()

    assert answered > CANCELS // 3
