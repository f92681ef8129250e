"""A blocking client of a Redis Cluster: a batch goes to all its nodes at once, within one time limit.

Strategy: one plain connection per node, without retries. What belongs to several nodes is sent to all of them
before the first reply is read. redis-py's own cluster client sends again what may have been applied, so it is
not used; `ClusterBatch` says what may be sent again.
Invariants: with `raise_on_error=False` a pipeline never raises for one node: what that node holds is answered with
its failure, the rest with their replies. No call outlasts the time limit, or `timeout_seconds` where none is set.
Bound: one connection per node of the cluster.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import redis
from redis.client import Pipeline
from redis.exceptions import RedisError

from tokenpulse_shared.connections.cluster_batch import MAX_ROUNDS, WAIT_SECONDS, ClusterBatch, Unit
from tokenpulse_shared.connections.cluster_replies import parsed_replies
from tokenpulse_shared.connections.cluster_slots import SLOTS_QUESTION, Command, SlotMap
from tokenpulse_shared.connections.cluster_topology import Topology
from tokenpulse_shared.connections.many_hosts_url import Host
from tokenpulse_shared.connections.node_link import NodeLink
from tokenpulse_shared.time_limit import seconds_left, time_limit

ASK_SHARE: Final = 0.3
"""Part of the time left that one node has to say who serves what."""
LEAST_SECONDS: Final = 0.02
"""With less time than this a node is not asked: it would be blamed for what others took."""
SEND_SHARE: Final = 0.5
"""Part of the time left that connecting and sending may take; the rest is for replies."""
REPLY_SHARE: Final = 0.7
"""Part of what is left then that replies may take, so that a silent node leaves time for the steps after this."""


class ClusterClient(redis.Redis):
    """Run commands on the nodes that hold their keys; one batch at a time, thread-safe.

    `pool_of` makes a pool of connections to a node; nothing connects before it is used.
    """

    def __init__(
        self,
        seeds: tuple[Host, ...],
        pool_of: Callable[[Host], redis.ConnectionPool],
        timeout_seconds: float,
    ) -> None:
        self._links: dict[Host, NodeLink] = {}
        super().__init__(connection_pool=pool_of(seeds[0]))
        self._topology = Topology(seeds)
        self._pool_of = pool_of
        self._timeout_seconds = timeout_seconds
        self._turn = threading.RLock()

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run one command.

        Raises:
            redis.RedisError: its node could not be reached, or refused.
        """
        with self.pipeline(transaction=False) as pipeline:
            pipeline.execute_command(*args, **options)  # type: ignore[no-untyped-call]  # untyped in redis-py
            return pipeline.execute()[0]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """Return a pipeline; a transaction holds for the commands of one slot, of several it is one for each."""
        return ClusterPipeline(self, is_atomic=transaction)

    def close(self) -> None:
        """Close all connections; the next command makes them anew."""
        links, self._links = self._links, {}
        for link in links.values():
            link.close()

    def nodes(self) -> tuple[Host, ...]:
        """Return the masters, by their first slot.

        Raises:
            redis.RedisError: no node can be reached.
        """
        with self._turn, time_limit(self._timeout_seconds):
            return self._slots().masters

    def node_client(self, node: Host) -> redis.Redis:
        """Return a client of that node alone; the caller closes it."""
        return redis.Redis.from_pool(self._pool_of(node))

    def client(self) -> redis.Redis:
        """Return a client of one connection to one node: what is true of our user there is true everywhere.

        Raises:
            redis.RedisError: no node can be reached.
        """
        return self.node_client(self.nodes()[0]).client()  # type: ignore[no-untyped-call,no-any-return]  # untyped there

    def run(self, commands: Sequence[Command], *, is_atomic: bool) -> list[Any]:
        """Return one reply for each command, in order, unparsed: what failed is the exception.

        Raises:
            redis.RedisError: no node could be asked who serves what.
        """
        batch = ClusterBatch(commands, is_atomic=is_atomic)
        with self._turn, time_limit(self._timeout_seconds):
            for _ in range(MAX_ROUNDS):
                parts = batch.next_round(self._slots())
                if not parts:
                    break
                self._exchange(batch, parts)
                self._topology.learn(batch.moved)
                batch.moved.clear()
                if batch.should_wait:
                    time.sleep(min(WAIT_SECONDS, seconds_left(WAIT_SECONDS)))
            batch.give_up()
            self._forget_links()
        return batch.replies

    def _exchange(self, batch: ClusterBatch, parts: Mapping[Host, list[Unit]]) -> None:
        sent: list[tuple[Host, NodeLink]] = []
        with time_limit(seconds_left(self._timeout_seconds) * SEND_SHARE):
            for node in sorted(parts, key=self._topology.failed_at):
                link = self._link(node)
                if self._send(batch, node, link, parts[node]):
                    sent.append((node, link))
        with time_limit(seconds_left(self._timeout_seconds) * REPLY_SHARE):
            for node, link in sent:
                self._receive(batch, node, link, parts[node])

    def _send(self, batch: ClusterBatch, node: Host, link: NodeLink, units: list[Unit]) -> bool:
        if seconds_left(self._timeout_seconds) < LEAST_SECONDS:  # no fault of this node
            batch.not_sent(node, units, redis.TimeoutError("no time was left"))
            return False
        try:
            if (failure := self._topology.pause(node)) is not None:
                raise redis.ConnectionError("the node failed a moment ago") from failure
            link.reach()
        except (RedisError, OSError) as error:
            self._fail(node, link, error)
            batch.not_sent(node, units, error)
            return False
        try:
            link.send(batch.wire(units))
        except (RedisError, OSError) as error:
            self._fail(node, link, error)
            batch.fail(units, error)
            return False
        return True

    def _receive(self, batch: ClusterBatch, node: Host, link: NodeLink, units: list[Unit]) -> None:
        try:
            replies = link.receive()
        except (RedisError, OSError) as error:
            self._fail(node, link, error)
            batch.fail(units, error)
            return
        self._topology.worked(node)
        batch.take(node, units, replies)

    def _fail(self, node: Host, link: NodeLink, error: Exception) -> None:
        self._topology.failed(node, error)
        link.close()

    def _slots(self) -> SlotMap:
        topology = self._topology
        if not topology.is_due():
            assert topology.slots is not None  # without a map it is due
            return topology.slots
        failure: Exception = redis.ConnectionError("no node of the cluster to ask")
        for node in topology.candidates():
            if seconds_left(self._timeout_seconds) < LEAST_SECONDS:  # no fault of this node
                failure = redis.TimeoutError("no time was left")
                break
            link = self._link(node)
            try:
                with time_limit(seconds_left(self._timeout_seconds) * ASK_SHARE):
                    topology.take(_slots_by(link), node)
                break
            except (RedisError, OSError) as error:
                failure = error
                self._fail(node, link, error)
        else:
            topology.nobody_told()
        if topology.slots is None:
            raise failure
        return topology.slots

    def _link(self, node: Host) -> NodeLink:
        link = self._links.get(node)
        if link is None:
            link = self._links[node] = NodeLink(self._pool_of(node).make_connection())
        return link

    def _forget_links(self) -> None:
        for node in self._links.keys() - self._topology.nodes:
            self._links.pop(node).close()


def _slots_by(link: NodeLink) -> Any:
    link.reach()
    link.send([SLOTS_QUESTION])
    (reply,) = link.receive()
    if isinstance(reply, Exception):
        raise reply
    return reply


class ClusterPipeline(Pipeline):
    """Collect commands as redis-py's pipeline does; WATCH is not for a cluster."""

    def __init__(self, client: ClusterClient, *, is_atomic: bool) -> None:
        super().__init__(client.connection_pool, client.response_callbacks, is_atomic, None)
        self._client = client

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Run the commands; return one reply for each, in order.

        Raises:
            redis.RedisError: no node could be reached; with `raise_on_error` also the first that failed.
        """
        stack, self.command_stack = self.command_stack, []
        replies = self._client.run([args for args, _ in stack], is_atomic=bool(self.transaction))
        parsed = parsed_replies(stack, replies, self.response_callbacks)
        if raise_on_error and (
            failure := next((reply for reply in parsed if isinstance(reply, Exception)), None)
        ):
            raise failure
        return parsed
