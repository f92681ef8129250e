"""Look at a cluster's slots: whether each has a master, whether moves were broken off."""

from collections.abc import Iterator
from typing import Any, Final

import redis
from redis.crc import REDIS_CLUSTER_HASH_SLOTS

from tokenpulse_reader.cli.doctor.check import Check, failure, passed, warning
from tokenpulse_shared.connections.cluster_client import ClusterClient

_FIXED: Final = "when it stays so: redis-cli --cluster fix host:port"
_ALL_OR_NOTHING: Final = "cluster-require-full-coverage"


def check_slots(client: ClusterClient) -> Check:
    """Judge whether every slot is served, and stays so when a node is gone.

    What the user may not ask is passed over.

    Raises:
        redis.RedisError: no node can be reached.
        OSError: the same, in a way the driver does not translate.
    """
    served = _served(client.execute_command("CLUSTER SLOTS"))
    if served < REDIS_CLUSTER_HASH_SLOTS:
        says = (
            f"served: {served} of {REDIS_CLUSTER_HASH_SLOTS}; what belongs to the others waits in the workers"
        )
        return failure("slots", says, "bring back their master, or: redis-cli --cluster fix host:port")
    moving, needs_all = _asked_of_nodes(client)
    if moving:
        says = f"on the move: {len(moving)}; while they are, their providers wait in the workers"
        return warning("slots", says, f"wait; {_FIXED}", items=moving)
    if needs_all:
        says = f"all served; but with {_ALL_OR_NOTHING} yes every node refuses while one is gone"
        return warning("slots", says, f"CONFIG SET {_ALL_OR_NOTHING} no, on every node")
    return passed("slots", "all served")


def _served(ranges: Any) -> int:
    """Return how many slots have a master; `ranges`: what CLUSTER SLOTS says, as redis-py reads it or plain."""
    return sum(int(last) - int(first) + 1 for first, last, *_ in _bounds(ranges))


def _bounds(ranges: Any) -> Iterator[tuple[Any, ...]]:
    yield from (ranges.keys() if isinstance(ranges, dict) else ranges)


def _asked_of_nodes(client: ClusterClient) -> tuple[list[str], bool]:
    """Return (slots that are on the move, whether a node refuses all when one slot has no master)."""
    moving: list[str] = []
    needs_all = False
    for node in client.nodes():
        with client.node_client(node) as alone:
            moving += _moving(_unless_silent(alone, "CLUSTER NODES"))
            needs_all |= "yes" in str(_unless_silent(alone, "CONFIG GET", _ALL_OR_NOTHING))
    return moving, needs_all


def _moving(nodes: Any) -> Iterator[str]:
    """Yield the slots that the asked node gives away, with whom it gives them to; `nodes`: lines of CLUSTER NODES."""
    text = nodes.decode() if isinstance(nodes, bytes) else nodes
    if not isinstance(text, str):
        return
    for line in text.splitlines():
        _, address, flags, *rest = line.split()
        if "myself" in flags:
            for word in rest:
                if word.startswith("[") and "->-" in word:
                    slot, _, target = word.strip("[]").partition("->-")
                    yield f"slot {slot}: from {address.partition('@')[0]} to node {target[:8]}…"


def _unless_silent(client: redis.Redis, *command: str) -> Any:
    """Return the reply, unparsed; None when the user may not ask, or the node does not answer."""
    client.response_callbacks.clear()
    try:
        return client.execute_command(*command)  # type: ignore[no-untyped-call]  # untyped in redis-py
    except (redis.RedisError, OSError):
        return None
