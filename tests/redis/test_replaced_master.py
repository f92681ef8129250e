"""An address that leads to another server than before: what it led to was demoted, or does not know yet."""

import asyncio
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.support.chaos_proxy import ChaosProxy
from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer, running_redis
from tests.support.replication import cut_off, is_in_step
from tests.support.writer_bench import payload, writer_bench
from tokenpulse.writing.replay_ring import RING_SECONDS
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.redis_client import connect_async
from tokenpulse_shared.redis_reads import RedisReads

CONNECTIONS = 5
"""That a reader has open when its master is replaced."""


class Pair(NamedTuple):
    """Hold a master, its replica, and the address by which clients know whoever is the master."""

    old: RedisServer
    new: RedisServer
    address: ChaosProxy

    def promote(self) -> None:
        """Make the replica a master, with what it has, and lead new connections to it; the old one goes on."""
        cut_off(self.new)
        with self.new.client() as client:
            client.replicaof("NO", "ONE")
        self.address.upstream_port = self.new.port

    def heal(self) -> None:
        """Have the old master follow the new one."""
        with self.old.client() as client:
            client.replicaof("127.0.0.1", str(self.new.port))
        wait_until(lambda: is_in_step(self.old), "the old master to follow")


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Give two servers, one following the other, and an address that leads to the first."""
    options = {"repl-diskless-sync-delay": "0", "repl-ping-replica-period": "1"}
    with (
        running_redis(is_durable=False, **options) as old,
        running_redis(is_durable=False, **options) as new,
        ChaosProxy(old.port) as address,
    ):
        with new.client() as client:
            client.replicaof("127.0.0.1", str(old.port))
        wait_until(lambda: is_in_step(new), "the replica to follow")
        yield Pair(old, new, address)


async def _wait(reads: RedisReads, milliseconds: int) -> object:
    """Hold a connection for so long, by a read."""
    return await reads.one("XREAD", "BLOCK", milliseconds, "STREAMS", "none", "$")


@pytest.mark.parametrize("is_late", [False, True])
def test_two_masters_lose_nothing_that_is_not_told(pair: Pair, is_late: bool) -> None:
    """What the old one acknowledged is replayed to the new one; what lies more than a minute back is counted."""
    with (
        writer_bench(pair.address.url, pair.new.url) as stayed,
        writer_bench(pair.new.url) as came,
    ):
        stayed.send(1)
        wait_until(lambda: stayed.count() == 1, "the replica to have the first")
        pair.promote()
        came.send(10)
        stayed.send(100)
        stayed.clock.advance(2 * RING_SECONDS if is_late else 1.0)
        stayed.send(1_000)
        came.send(10_000)
        pair.heal()
        stayed.enqueue(payload(100_000))

        assert stayed.push() == []  # the old one tells the gap, but takes no replay
        assert stayed.push() == [("p", 4)]
        assert stayed.count() == 111_111 - (100 if is_late else 0)
        assert came.guard.counts() == {}
        assert stayed.guard.counts() == (
            {"gaps": 2, "replayed": 1, "unrecoverable": 1, "unrecoverable_observations": 1}
            if is_late
            else {"gaps": 2, "replayed": 2}
        )


async def test_a_reader_leaves_what_takes_no_writes(pair: Pair) -> None:
    """The first write that is refused ends its connections, those in use once they are done."""
    async with connect_async(pair.address.url) as client:
        reads = RedisReads(client)
        await reads.one("SET", "who", "old")
        await asyncio.gather(*(_wait(reads, 100) for _ in range(CONNECTIONS)))
        pair.promote()
        with pair.new.client() as new:
            new.set("who", "new")
        with pair.old.client() as old:
            old.replicaof("127.0.0.1", "1")  # whose master never comes: it serves what it had
        busy = [asyncio.create_task(_wait(reads, 200)) for _ in range(3)]
        await asyncio.sleep(0.02)

        assert await reads.one("GET", "who") == b"old"
        with pytest.raises(StoreUnavailableError, match="read-only replica"):
            await reads.one("SET", "lease", "mine")
        assert await asyncio.gather(*busy) == [[]] * 3
        told = await asyncio.gather(*(reads.one("GET", "who") for _ in range(CONNECTIONS)))

        assert told == [b"new"] * CONNECTIONS
