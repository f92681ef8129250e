"""Run batches of read commands against Redis, never more at a time than there are connections.

Every reply is handed back as the driver parsed it; a command that Redis refused (a key of the wrong type)
stands in its place as the `ResponseError`, the others keep their answers. A keyspace of a version that cannot be
read is not read.
"""

import asyncio
import time
from collections.abc import Sequence
from types import UnionType
from typing import Any, Final

import redis.asyncio
from redis.exceptions import ResponseError

from tokenpulse_shared.connections.cluster_replies import is_of_replica
from tokenpulse_shared.connections.connection_options import READER_CONNECTIONS
from tokenpulse_shared.corrupt_keys import CorruptKeys
from tokenpulse_shared.keyspace_version import check_readable
from tokenpulse_shared.read_counts import ReadCounts
from tokenpulse_shared.store_errors import READ_DEADLINE_SECONDS, translated_errors

Command = tuple[str | int | float, ...]
"""A command's name, then its arguments; the first argument is the key."""


VERSION_SECONDS: Final = 30.0
"""How long the keyspace's version is taken to be what it was."""


def _is_wrong_type(error: Exception) -> bool:
    return isinstance(error, ResponseError) and "WRONGTYPE" in str(error)


class RedisReads:
    """Send batches over one client of one event loop."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        *,
        deadline_seconds: float = READ_DEADLINE_SECONDS,
        version_key: str | None = None,
        counts: ReadCounts | None = None,
    ) -> None:
        """Send nothing yet; `version_key`: where the keyspace's version is, None: it is not looked at.

        `counts`: where to note what is asked, how long it took.
        """
        self.client = client
        self._counts = counts
        self._version_key = version_key
        self._version_due_at = float("-inf")
        self._deadline_seconds = deadline_seconds
        self.corrupt_keys = CorruptKeys()
        self._turns = asyncio.Semaphore(READER_CONNECTIONS - 1)  # one is left to INFO

    async def batch(self, commands: Sequence[Command], *, atomic: bool = False) -> list[Any]:
        """Return one reply for each command, in order; `atomic` sees them all at one moment (MULTI/EXEC).

        Raises:
            StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time; the time
                includes the wait for a connection. Of a cluster, a node that holds a key of the batch.
            KeyspaceVersionError: another release wrote the keyspace, in a way that this one cannot read.
        """
        if not commands:
            return []
        key, now = self._version_key, time.monotonic()
        if key is None or now < self._version_due_at:
            return await self._replies(commands, atomic=atomic)
        was_passed = self._version_due_at > float("-inf")
        asked = [*commands, ("GET", key)]
        *replies, version = await self._replies(asked, atomic=atomic, may_lack_last=was_passed)
        if isinstance(version, Exception) and not _is_wrong_type(version):
            return replies  # the node of a cluster that holds it is gone: asked again with the next batch
        # Refused here, it is not read when its version is gone.
        self._version_due_at = float("-inf")
        if self.usable(key, version, bytes | None):
            check_readable(version)
        self._version_due_at = now + VERSION_SECONDS
        return replies

    async def _replies(
        self, commands: Sequence[Command], *, atomic: bool, may_lack_last: bool = False
    ) -> list[Any]:
        async with translated_errors(self._deadline_seconds), self._turns:
            begun_at = time.perf_counter()
            async with self.client.pipeline(transaction=atomic) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)
                replies = list(await pipeline.execute(raise_on_error=False))
            if self._counts is not None:
                self._counts.note(commands, time.perf_counter() - begun_at)
            for reply in replies[:-1] if may_lack_last else replies:
                if isinstance(reply, Exception) and not _is_wrong_type(reply):
                    if isinstance(reply, ResponseError) and is_of_replica(reply):
                        await self._leave()
                    raise reply
            return replies

    async def _leave(self) -> None:
        """Have the next commands connect anew: the address may lead to another server than to this replica."""
        pool = self.client.connection_pool
        await pool.update_active_connections_for_reconnect()  # type: ignore[no-untyped-call]  # untyped in redis-py
        await pool.disconnect(inuse_connections=False)  # the others once they are released

    async def one(self, *command: str | int | float) -> Any:
        """Return the reply to one command, or the `ResponseError`."""
        return (await self.batch([command]))[0]

    def usable(self, key: str, reply: Any, kind: type | UnionType) -> bool:
        """Tell whether the reply is of the kind expected; note the key as corrupt when it is not."""
        if isinstance(reply, kind):
            return True
        self.corrupt_keys.note(key, reply if isinstance(reply, ResponseError) else type(reply).__name__)
        return False
