"""Chaos of a cluster of three masters with a replica each, all of them behind proxies."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from random import Random
from typing import Final

from tests.chaos.disasters import ANYWHERE, SHORT_SECONDS, Happening
from tests.chaos.stage import Disaster, named, opened_proxies
from tests.chaos.writers import PROVIDERS
from tests.support.chaos_proxy import ChaosProxy
from tests.support.cluster import RedisCluster, url_of
from tests.support.ports import port_with_bus
from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer
from tests.support.replication import cut_off
from tokenpulse_shared.connections.cluster_slots import slot_of
from tokenpulse_shared.keyspace import Keyspace

NODES: Final = 6
SEEDS: Final = 3
LAG_SECONDS: Final = 0.7
"""For some batches that only the master has."""
_KEYS_AT_ONCE: Final = 7


def _slots() -> tuple[int, ...]:
    """Return the slots that hold what writers write, and the index of providers."""
    keys = Keyspace()
    found = {slot_of(("GET", key)) for key in (keys.providers(), *map(keys.totals, PROVIDERS))}
    return tuple(sorted(slot for slot in found if slot is not None))


class ClusterStage:
    """Own nothing: cluster and proxies are given, and live; each proxy stands before the node at its place."""

    def __init__(self, cluster: RedisCluster, proxies: Sequence[ChaosProxy]) -> None:
        self._cluster = cluster
        self.proxies = proxies
        self.url = url_of(*(proxy.port for proxy in proxies[:SEEDS]))
        of_master = {happening.__name__: partial(self._hit_master, happening) for happening in ANYWHERE}
        self.disasters: Mapping[str, Disaster] = of_master | named(
            self.kill_master,
            self.kill_master_with_lagging_replica,
            self.freeze_master,
            self.hand_over,
            self.take_over,
            self.move_slots,
            self.move_slowly,
            self.kill_replica,
        )

    def is_well(self) -> bool:
        """Tell whether every node knows all slots served, and is in step."""
        return self._cluster.is_well()

    def kill_master(self, chance: Random) -> None:
        """Kill a master; it comes back, empty, as a replica of its successor."""
        self._succeeded(self._master(chance), RedisServer.kill, RedisServer.start)

    def kill_master_with_lagging_replica(self, chance: Random) -> None:
        """Kill a master when it has acknowledged what its replica lacks."""
        master = self._master(chance)
        replica = self._replica(master)
        cut_off(replica)
        time.sleep(LAG_SECONDS)
        self._succeeded(master, RedisServer.kill, RedisServer.start)
        with replica.client() as client:
            client.config_set("masterauth", "")

    def freeze_master(self, chance: Random) -> None:
        """Freeze a master until it has a successor; it goes on as if it were a master still."""
        self._succeeded(self._master(chance), RedisServer.pause, RedisServer.resume)

    def hand_over(self, chance: Random) -> None:
        """Have a replica take over from its master, in agreement with it."""
        self._fail_over(chance)

    def take_over(self, chance: Random) -> None:
        """Have a replica declare itself the master; the old one acknowledges writes until it hears of it."""
        self._fail_over(chance, "TAKEOVER")

    def move_slots(self, chance: Random) -> None:
        """Move the slots of two providers to other masters, under load."""
        for slot in chance.sample(_slots(), k=2):
            self._move(slot, chance, pause_seconds=0.0)

    def move_slowly(self, chance: Random) -> None:
        """Have a slot's keys on two nodes for a while."""
        self._move(chance.choice(_slots()), chance, pause_seconds=SHORT_SECONDS)

    def kill_replica(self, chance: Random) -> None:
        """Kill a replica; it comes back and follows."""
        replica = self._replica(self._master(chance))
        replica.kill()
        replica.start()

    def _hit_master(self, happening: Happening, chance: Random) -> None:
        happening(self._cluster.servers[self._master(chance)])

    def _succeeded(
        self, master: int, fall: Callable[[RedisServer], None], rise: Callable[[RedisServer], None]
    ) -> None:
        """Have a master fall, and rise again once another serves its slots."""
        fall(self._cluster.servers[master])
        self._await_successor(master)
        rise(self._cluster.servers[master])

    def _fail_over(self, chance: Random, *options: str) -> None:
        master = self._master(chance)
        with self._replica(master).client() as replica:
            replica.execute_command("CLUSTER", "FAILOVER", *options)
        self._await_successor(master)

    def _await_successor(self, master: int) -> None:
        wait_until(lambda: master not in self._cluster.owners(), "a replica to take over")

    def _move(self, slot: int, chance: Random, *, pause_seconds: float) -> None:
        source = self._cluster.owner(slot)
        target = chance.choice([at for at in self._cluster.owners() if at != source])
        self._cluster.begin_move(slot, source, target)
        self._cluster.move_keys(slot, source, target, _KEYS_AT_ONCE)
        time.sleep(pause_seconds)
        while self._cluster.move_keys(slot, source, target, _KEYS_AT_ONCE):
            pass
        self._cluster.end_move(slot, target)

    def _master(self, chance: Random) -> int:
        return chance.choice(self._cluster.owners())

    def _replica(self, master: int) -> RedisServer:
        return self._cluster.servers[self._cluster.replica_of(master)]


@contextmanager
def cluster_stage() -> Iterator[ClusterStage]:
    """Give a running cluster behind its proxies."""
    with ExitStack() as stack:
        proxies = stack.enter_context(opened_proxies(NODES))
        options = {"cluster-require-full-coverage": "no", "cluster-allow-replica-migration": "no"}
        cluster = RedisCluster(announced=[proxy.port for proxy in proxies], **options)
        for proxy, server in zip(proxies, cluster.servers, strict=True):
            proxy.upstream_port = server.port = port_with_bus()
        yield ClusterStage(stack.enter_context(cluster), proxies)
