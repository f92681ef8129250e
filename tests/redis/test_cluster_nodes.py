"""Tests of writer and reader over a Redis Cluster all of whose nodes are replaced, one after the other."""

import asyncio
import contextlib
from collections.abc import Callable

import pytest
import redis

from tests.support.cluster import RedisCluster, port_with_bus
from tests.support.load import Load, counted, settle
from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer
from tests.support.replication import is_in_step
from tokenpulse.recorder import Recorder
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.totals.totals_records import Totals

PROVIDERS = ("groq", "openai")
DEADLINE_SECONDS = 10.0


def _node_like(old: RedisServer) -> RedisServer:
    """Return a new node that follows the old one."""
    node = RedisServer(is_durable=False, **{"cluster-enabled": "yes", "repl-diskless-sync-delay": "0"})
    node.port = port_with_bus()
    node.start()
    with node.client() as client, old.client() as source:
        of_old = source.execute_command("CLUSTER MYID").decode()
        client.execute_command("CLUSTER MEET", "127.0.0.1", old.port)

        def follows() -> bool:
            with contextlib.suppress(redis.ResponseError):  # it has not heard of the other yet
                client.execute_command("CLUSTER REPLICATE", of_old)
                return True
            return False

        wait_until(follows, "the new node to know the old one")
        wait_until(
            lambda: str(node.port) in str(source.execute_command("CLUSTER SLOTS")), "the old one to know it"
        )
    return node


def _take_over(node: RedisServer, old: RedisServer) -> None:
    """Have a replica serve all slots, then end the old node."""
    wait_until(lambda: _is_in_step(node), "the replica to follow")
    with node.client() as client:
        client.execute_command("CLUSTER FAILOVER", "TAKEOVER")
        wait_until(lambda: client.info("replication")["role"] == "master", "the takeover")
        wait_until(lambda: client.execute_command("CLUSTER INFO")["cluster_state"] == "ok", "a cluster")
    old.kill()


def _is_in_step(node: RedisServer) -> bool:
    with contextlib.suppress(KeyError):  # no replica yet
        return is_in_step(node)
    return False


async def _totals(store: MetricsStore) -> Totals:
    """Return the totals, once whoever serves them now was asked for: at most every half a second."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            with contextlib.suppress(StoreUnavailableError):
                return await store.totals()
            await asyncio.sleep(0.05)


async def test_all_nodes_of_the_url_may_go(
    open_recorder: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the nodes that writer and reader began with none is left; what came in their place is found, and exact."""
    monkeypatch.setattr("tokenpulse_shared.connections.cluster_topology.RENEW_SECONDS", 0.0)
    with RedisCluster(masters=1, **{"cluster-allow-replica-migration": "no"}) as cluster:
        seed, second = cluster.servers
        recorder = open_recorder(cluster.url_of(seed), flush_interval=60)
        recorder._started = True  # each flush is this test's own
        load = Load(recorder, PROVIDERS)
        async with MetricsStore(cluster.url_of(seed)) as store:
            load.record(3)
            settle(recorder)
            await store.totals()
            _take_over(second, seed)
            load.record(3)
            settle(recorder)
            await _totals(store)
            with contextlib.closing(_node_like(second)) as third, third.client() as client:
                load.record()
                settle(recorder)
                await _totals(store)
                _take_over(third, second)
                load.record(3)
                settle(recorder)
                totals = await _totals(store)

                expected = load.ledger.counters()
                assert counted(client) == expected
                assert {name: held.counters["tokens_input"] for name, held in totals.providers.items()} == {
                    name: expected[name, None]["tokens_input"] for name in PROVIDERS
                }
    assert "unrecoverable" not in recorder.stats()["counts"]
