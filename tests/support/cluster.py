"""Run a real Redis Cluster whose nodes a test may kill, freeze, or move slots between."""

from collections.abc import Sequence
from typing import Any, Final, Self

import redis

from tests.support.ports import port_with_bus
from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer

_SLOTS: Final = 16_384


class RedisCluster:
    """Own a cluster on the loopback: `masters` masters, each with a replica unless told otherwise.

    At the start masters are the first of `servers`; the replica of the master at `i` stands at `masters + i`.
    `announced`: the ports that nodes name as theirs, for proxies that stand before them; None: their own.
    """

    def __init__(
        self,
        *,
        masters: int = 3,
        has_replicas: bool = True,
        node_timeout_milliseconds: int = 500,
        announced: Sequence[int] | None = None,
        **options: str,
    ) -> None:
        count = masters * (2 if has_replicas else 1)
        common = {
            "cluster-enabled": "yes",
            "cluster-node-timeout": str(node_timeout_milliseconds),
            "cluster-replica-validity-factor": "0",
            "repl-diskless-sync-delay": "0",
            "repl-ping-replica-period": "1",
            **options,
        }
        self.servers = [
            # 0: the port it listens on
            RedisServer(is_durable=False, **{"cluster-announce-port": str(port), **common})
            for port in announced or (0,) * count
        ]
        self.masters = masters
        self.ids: list[str] = []
        self._announced = announced

    @property
    def url(self) -> str:
        """Return the URL with the first two nodes as seeds."""
        return self.url_of(*self.servers[:2])

    @property
    def ports(self) -> Sequence[int]:
        """Return the ports by which the nodes are reached, in their order."""
        return self._announced or [server.port for server in self.servers]

    def url_of(self, *servers: RedisServer) -> str:
        """Return the URL with these nodes as seeds."""
        return url_of(*(self.ports[self.servers.index(server)] for server in servers))

    def start(self) -> None:
        """Start the nodes, make them a cluster; return once every node says that it is well."""
        for server in self.servers:
            server.port = server.port or port_with_bus()
            server.start()
        self.ids = [_ask(server, "CLUSTER MYID").decode() for server in self.servers]
        for at, server in enumerate(self.servers[: self.masters]):
            slots = range(at * _SLOTS // self.masters, (at + 1) * _SLOTS // self.masters)
            _ask(server, "CLUSTER ADDSLOTS", *slots)
            _ask(server, "CLUSTER SET-CONFIG-EPOCH", at + 1)
        for server in self.servers[1:]:
            _ask(self.servers[0], "CLUSTER MEET", "127.0.0.1", server.port)
        wait_until(lambda: all(self._knows_all(server) for server in self.servers), "the nodes to meet")
        for master, replica in zip(self.ids, self.servers[self.masters :], strict=False):
            _ask(replica, "CLUSTER REPLICATE", master)
        wait_until(self.is_well, "the cluster to be well")

    def close(self) -> None:
        """Kill all nodes; delete their files."""
        for server in self.servers:
            server.close()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def owner(self, slot: int) -> int:
        """Return the place in `servers` of the node that serves the slot, as the first living node says."""
        living = next(server for server in self.servers if server.is_awake)
        for first, last, (_, port, *_), *_ in _ask(living, "CLUSTER SLOTS"):
            if first <= slot <= last:
                return self.ports.index(port)
        raise LookupError(slot)

    def owners(self) -> list[int]:
        """Return the places in `servers` of the masters with slots, as the first living node says."""
        living = next(server for server in self.servers if server.is_awake)
        return sorted({self.ports.index(entry[2][1]) for entry in _ask(living, "CLUSTER SLOTS")})

    def replica_of(self, master: int) -> int:
        """Return the place in `servers` of a replica that the master knows."""
        [line, *_] = _ask(self.servers[master], "CLUSTER REPLICAS", self.ids[master])
        return self.ids.index(line.split()[0].decode())

    def is_well(self) -> bool:
        """Tell whether every living node knows all slots served, and is in step with its master."""
        return all(self._is_well(server) for server in self.servers if server.is_running)

    def begin_move(self, slot: int, source: int, target: int) -> None:
        """Have the slot on the move between two masters, no key moved yet."""
        _ask(self.servers[target], "CLUSTER SETSLOT", slot, "IMPORTING", self.ids[source])
        _ask(self.servers[source], "CLUSTER SETSLOT", slot, "MIGRATING", self.ids[target])

    def move_keys(self, slot: int, source: int, target: int, most: int = 1000) -> int:
        """Move some of the slot's keys; return how many."""
        keys = _ask(self.servers[source], "CLUSTER GETKEYSINSLOT", slot, most)
        port = self.servers[target].port
        if keys:
            _ask(self.servers[source], "MIGRATE", "127.0.0.1", port, "", 0, 5000, "KEYS", *keys)
        return len(keys)

    def end_move(self, slot: int, target: int) -> None:
        """Give the slot to the target, which has all its keys."""
        for at in (target, *self.owners()):
            _ask(self.servers[at], "CLUSTER SETSLOT", slot, "NODE", self.ids[target])

    def _knows_all(self, server: RedisServer) -> bool:
        lines = _ask(server, "CLUSTER NODES").splitlines()
        return len(lines) == len(self.servers) and not any(b"handshake" in line for line in lines)

    def _is_well(self, server: RedisServer) -> bool:
        try:
            is_ok = b"cluster_state:ok" in _ask(server, "CLUSTER INFO")
            replicas = sum(len(entry) - 3 for entry in _ask(server, "CLUSTER SLOTS"))
            is_in_step = b"master_link_status:down" not in _ask(server, "INFO", "replication")
        except redis.RedisError:
            return False
        return is_ok and is_in_step and replicas >= len(self.servers) - self.masters


def url_of(*ports: int) -> str:
    """Return the URL with the nodes at these ports as seeds."""
    return "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port in ports)


def _ask(server: RedisServer, *command: str | int | bytes) -> Any:
    """Return the reply as it came."""
    with server.client() as client:
        client.response_callbacks.clear()
        return client.execute_command(*command)
