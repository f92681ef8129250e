"""Chaos of three sentinels that watch a master with two replicas, all of them behind proxies."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from random import Random
from typing import Final

from tests.chaos.disasters import ANYWHERE, LONG_SECONDS, Happening
from tests.chaos.stage import Disaster, named, opened_proxies
from tests.support.chaos_proxy import ChaosProxy
from tests.support.ports import free_port
from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer
from tests.support.replication import cut_off
from tests.support.sentinel import SERVICE, SentinelDeployment, url_of

SERVERS: Final = 3
LAG_SECONDS: Final = 0.7
"""For some batches that only the master has."""


class SentinelStage:
    """Own nothing: deployment and proxies are given, and live; the first proxies stand before the servers."""

    def __init__(self, deployment: SentinelDeployment, proxies: Sequence[ChaosProxy]) -> None:
        self._deployment = deployment
        self.proxies = proxies
        for proxy, sentinel in zip(proxies[SERVERS:], deployment.sentinels, strict=True):
            proxy.upstream_port = sentinel.port
        self.url = url_of(*(proxy.port for proxy in proxies[SERVERS:]))
        of_master = {happening.__name__: partial(self._hit_master, happening) for happening in ANYWHERE}
        self.disasters: Mapping[str, Disaster] = of_master | named(
            self.kill_master,
            self.kill_master_with_lagging_replicas,
            self.freeze_master,
            self.hand_over,
            self.kill_replica,
            self.freeze_sentinel,
        )

    def is_well(self) -> bool:
        """Tell whether the master has its replicas in step, and every sentinel knows it."""
        return self._deployment.is_well()

    def kill_master(self, chance: Random) -> None:
        """Kill the master; it comes back, empty, as a replica of its successor."""
        self._succeeded(RedisServer.kill, RedisServer.start)

    def kill_master_with_lagging_replicas(self, chance: Random) -> None:
        """Kill the master when it has acknowledged what no replica has."""
        replicas = self._replicas()
        for replica in replicas:
            cut_off(replica)
        time.sleep(LAG_SECONDS)

        def kill(master: RedisServer) -> None:
            master.kill()
            for replica in replicas:
                with replica.client() as client:
                    client.config_set("masterauth", "")

        self._succeeded(kill, RedisServer.start)

    def freeze_master(self, chance: Random) -> None:
        """Freeze the master until it has a successor; it goes on as if it were the master still."""
        self._succeeded(RedisServer.pause, RedisServer.resume)

    def hand_over(self, chance: Random) -> None:
        """Have the sentinels make another server the master, all of them well."""
        old = self._deployment.master()
        self._deployment.hand_over()
        self._follow(old)

    def kill_replica(self, chance: Random) -> None:
        """Kill a replica; it comes back and follows."""
        replica = chance.choice(self._replicas())
        replica.kill()
        replica.start()
        self._deployment.follow(replica)

    def freeze_sentinel(self, chance: Random) -> None:
        """Stop a sentinel, let it go on."""
        sentinel = chance.choice(self._deployment.sentinels)
        sentinel.pause()
        time.sleep(LONG_SECONDS)
        sentinel.resume()

    def _hit_master(self, happening: Happening, chance: Random) -> None:
        before = self._deployment.master()
        happening(self._deployment.servers[before])
        if self._deployment.master() != before:  # it was silent for too long
            self._follow(before)

    def _succeeded(self, fall: Callable[[RedisServer], None], rise: Callable[[RedisServer], None]) -> None:
        """Have the master fall, rise again once another server is the master, and follow that."""
        old = self._deployment.master()
        fall(self._deployment.servers[old])
        wait_until(lambda: self._deployment.master() != old, "another master")
        rise(self._deployment.servers[old])
        self._follow(old)

    def _follow(self, server: int) -> None:
        self._deployment.follow(self._deployment.servers[server])

    def _replicas(self) -> list[RedisServer]:
        master = self._deployment.master()
        return [server for at, server in enumerate(self._deployment.servers) if at != master]


@contextmanager
def sentinel_stage() -> Iterator[SentinelStage]:
    """Give a running deployment behind its proxies."""
    with ExitStack() as stack:
        proxies = stack.enter_context(opened_proxies(2 * SERVERS))
        deployment = SentinelDeployment(
            replicas=SERVERS - 1, sentinels=SERVERS, announced=[proxy.port for proxy in proxies[:SERVERS]]
        )
        stack.callback(deployment.close)
        for proxy, server in zip(proxies, deployment.servers, strict=False):
            proxy.upstream_port = server.port = free_port()
        deployment.start()
        for sentinel in deployment.sentinels:  # the next failover may come soon after the last
            sentinel.ask("SET", SERVICE, "failover-timeout", "1000")
        yield SentinelStage(deployment, proxies)
