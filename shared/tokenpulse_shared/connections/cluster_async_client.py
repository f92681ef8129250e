"""An asyncio client of a Redis Cluster: a batch goes to all its nodes at the same time.

Strategy: one plain pool per node, without retries; `ClusterBatch` says what goes where. redis-py's own cluster
client holds the event loop in transactions, and sends again what may have been applied.
Invariant: with `raise_on_error=False` a pipeline never raises for one node: what that node holds is answered with
its failure.
Bound: `max_connections` of the pools, per node.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import redis.asyncio
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError, ResponseError

from tokenpulse_shared.connections.cluster_batch import MAX_ROUNDS, WAIT_SECONDS, ClusterBatch, Unit
from tokenpulse_shared.connections.cluster_replies import parsed_replies
from tokenpulse_shared.connections.cluster_slots import SLOTS_QUESTION, Command, SlotMap
from tokenpulse_shared.connections.cluster_topology import Topology
from tokenpulse_shared.connections.many_hosts_url import Host


class ClusterAsyncClient(redis.asyncio.Redis):
    """Run commands on the nodes that hold their keys; belongs to one event loop, takes concurrent calls.

    `pool_of` makes a pool of connections to a node; nothing connects before it is used.
    """

    def __init__(
        self,
        seeds: tuple[Host, ...],
        pool_of: Callable[[Host], redis.asyncio.ConnectionPool],
    ) -> None:
        super().__init__(connection_pool=pool_of(seeds[0]))
        self._topology = Topology(seeds)
        self._pool_of = pool_of
        self._pools: dict[Host, redis.asyncio.ConnectionPool] = {}
        self._turn = asyncio.Lock()

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run one command.

        Raises:
            redis.RedisError: its node could not be reached, or refused.
        """
        async with self.pipeline(transaction=False) as pipeline:
            pipeline.execute_command(*args, **options)
            return (await pipeline.execute())[0]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """Return a pipeline; a transaction holds for the commands of one slot, of several it is one for each."""
        return ClusterAsyncPipeline(self, is_atomic=transaction)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Close all connections."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.disconnect()

    async def nodes(self) -> tuple[Host, ...]:
        """Return the masters, by their first slot.

        Raises:
            redis.RedisError: no node can be reached.
        """
        return (await self._slots()).masters

    def node_client(self, node: Host) -> redis.asyncio.Redis:
        """Return a client of that node alone; the caller closes it."""
        return redis.asyncio.Redis.from_pool(self._pool_of(node))

    async def run(self, commands: Sequence[Command], *, is_atomic: bool) -> list[Any]:
        """Return one reply for each command, in order, unparsed: what failed is the exception.

        Raises:
            redis.RedisError: no node could be asked who serves what.
        """
        batch = ClusterBatch(commands, is_atomic=is_atomic)
        for _ in range(MAX_ROUNDS):
            parts = batch.next_round(await self._slots())
            if not parts:
                break
            await asyncio.gather(*(self._exchange(batch, node, units) for node, units in parts.items()))
            self._topology.learn(batch.moved)
            batch.moved.clear()
            if batch.should_wait:
                await asyncio.sleep(WAIT_SECONDS)
        batch.give_up()
        return batch.replies

    async def _exchange(self, batch: ClusterBatch, node: Host, units: list[Unit]) -> None:
        pool = self._pool(node)
        try:
            if (failure := self._topology.pause(node)) is not None:
                raise redis.ConnectionError("the node failed a moment ago") from failure
            connection = await pool.get_connection()  # type: ignore[no-untyped-call]  # untyped in redis-py
        except (RedisError, OSError) as error:
            self._topology.failed(node, error)
            batch.not_sent(node, units, error)
            return
        try:
            replies = await _converse(connection, batch.wire(units))
        except (RedisError, OSError) as error:
            self._topology.failed(node, error)
            batch.fail(units, error)
        else:
            self._topology.worked(node)
            batch.take(node, units, replies)
        finally:
            await pool.release(connection)
            if self._pools.get(node) is not pool:  # forgotten meanwhile
                await pool.disconnect()

    async def _slots(self) -> SlotMap:
        topology = self._topology
        if not topology.is_due():
            assert topology.slots is not None  # without a map it is due
            return topology.slots
        async with self._turn:
            if topology.is_due():  # nobody asked while this one waited for its turn
                failure = await self._ask_who_serves()
            if topology.slots is None:
                raise failure or redis.ConnectionError("no node of the cluster to ask")
            return topology.slots

    async def _ask_who_serves(self) -> Exception | None:
        """Return how the last node asked failed, None when one told."""
        topology = self._topology
        failure: Exception | None = None
        for node in topology.candidates():
            pool = self._pool(node)
            try:
                connection = await pool.get_connection()  # type: ignore[no-untyped-call]  # untyped in redis-py
                try:
                    (reply,) = await _converse(connection, [SLOTS_QUESTION])
                finally:
                    await pool.release(connection)
                if isinstance(reply, Exception):
                    raise reply
                topology.take(reply, node)
                await self._forget_pools()
                return None
            except (RedisError, OSError) as error:
                failure = error
                topology.failed(node, error)
        topology.nobody_told()
        return failure

    def _pool(self, node: Host) -> redis.asyncio.ConnectionPool:
        pool = self._pools.get(node)
        if pool is None:
            pool = self._pools[node] = self._pool_of(node)
        return pool

    async def _forget_pools(self) -> None:
        for node in self._pools.keys() - self._topology.nodes:
            await self._pools.pop(node).disconnect(inuse_connections=False)  # the rest once it is released


async def _converse(connection: Any, commands: Sequence[Command]) -> list[Any]:
    """Return the replies to the commands, in order; unless all came the connection is closed."""
    replies: list[Any] = []
    try:
        await connection.send_packed_command(connection.pack_commands(commands))
        for _ in commands:
            try:
                replies.append(await connection.read_response())
            except ResponseError as error:
                replies.append(error)
    finally:
        if len(replies) < len(commands):
            await connection.disconnect(nowait=True)
    return replies


class ClusterAsyncPipeline(Pipeline):
    """Collect commands as redis-py's pipeline does; WATCH is not for a cluster."""

    def __init__(self, client: ClusterAsyncClient, *, is_atomic: bool) -> None:
        super().__init__(client.connection_pool, client.response_callbacks, is_atomic, None)
        self._client = client

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Run the commands; return one reply for each, in order.

        Raises:
            redis.RedisError: no node could be reached; with `raise_on_error` also the first that failed.
        """
        stack, self.command_stack = self.command_stack, []
        replies = await self._client.run([args for args, _ in stack], is_atomic=bool(self.is_transaction))
        parsed = parsed_replies(stack, replies, self.response_callbacks)
        if raise_on_error and (
            failure := next((reply for reply in parsed if isinstance(reply, Exception)), None)
        ):
            raise failure
        return parsed
