"""Asyncio connections to the master that the sentinels name, asked anew for each connection.

Bounds: every sentinel has its part of one connect timeout, and is asked once, without retries.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from tokenpulse_shared.connections.many_hosts_url import Host
from tokenpulse_shared.connections.sentinel_directory import QUESTION, SentinelDirectory


class SentinelAsyncGuide:
    """Ask the sentinels for the master; `options`: of the connections to sentinels, without host and port."""

    def __init__(
        self,
        directory: SentinelDirectory,
        connection_class: type[redis.asyncio.Connection],
        options: Mapping[str, Any],
    ) -> None:
        self.directory = directory
        self._connection_class = connection_class
        self._options = options

    async def master(self, seconds: float) -> Host:
        """Return the master's address, within the time.

        Raises:
            MasterNotFoundError: sentinels answer, none knows the name.
            RedisError: none answered, and none ever did.
            OSError: the same, in a way the driver does not translate.
        """
        silence: Exception | None = None
        was_answered = False
        ends_at = asyncio.get_running_loop().time() + seconds
        for sentinel, parts in self.directory.turns():
            left = ends_at - asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(max(0.0, left / parts)):
                    reply = await self._ask(sentinel)
            except (RedisError, OSError) as error:
                silence = error
                self.directory.put_last(sentinel)
                continue
            if (master := self.directory.take(sentinel, reply)) is not None:
                return master
            was_answered = True
        return self.directory.without_answer(silence, was_answered=was_answered)

    async def _ask(self, sentinel: Host) -> Any:
        host, port = sentinel
        connection: Any = self._connection_class(host=host, port=port, **self._options)
        try:
            await connection.connect()
            await connection.send_command(*QUESTION, self.directory.service)
            return await connection.read_response()
        finally:
            await connection.disconnect(nowait=True)


class SentinelAsyncConnection(redis.asyncio.Connection):
    """Connect to the master by TCP."""

    socket_connect_timeout: float

    def __init__(self, *, guide: SentinelAsyncGuide, **options: Any) -> None:
        super().__init__(**options)
        self._guide = guide

    async def _connect(self) -> None:
        self.host, self.port = await self._guide.master(self.socket_connect_timeout)
        try:
            await super()._connect()  # type: ignore[no-untyped-call]  # untyped in redis-py
        except OSError:
            self._guide.directory.distrust()
            raise


class SentinelAsyncTlsConnection(SentinelAsyncConnection, redis.asyncio.SSLConnection):
    """Connect to the master by TCP, encrypted."""
