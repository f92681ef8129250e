"""Write the keyspace's version where there is none, and refuse to write into a newer keyspace."""

import time
from collections.abc import Callable
from typing import Final

import redis

from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.keyspace_version import KEYSPACE_VERSION, check_not_newer, parse_version

CHECK_SECONDS: Final = 5.0
"""How long a newer release may go unnoticed, and how soon the version is back after Redis lost it."""


class VersionCheck:
    """Remember that the keyspace is ours to write; used by the flush thread only."""

    def __init__(
        self, client: redis.Redis, keyspace: Keyspace, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._key = keyspace.version()
        self._monotonic = monotonic
        self._passed_at: float | None = None

    def confirm(self) -> None:
        """Pass when this release may write; asks Redis at most every `CHECK_SECONDS`.

        Once passed, a Redis that cannot be asked is no reason to stop: another node may hold what is to be written.

        Raises:
            KeyspaceVersionError: a newer release wrote the keyspace, or the key holds something else.
            redis.RedisError: Redis could not be asked, and never was.
            OSError: the same, in a way the driver does not translate.
        """
        now = self._monotonic()
        if self._passed_at is not None and now - self._passed_at < CHECK_SECONDS:
            return
        try:
            stored = self._ask()
        except (redis.RedisError, OSError):
            if self._passed_at is None:
                raise
            return
        self._passed_at = None
        check_not_newer(stored)
        if stored < KEYSPACE_VERSION:
            self._client.set(self._key, KEYSPACE_VERSION)
        self._passed_at = now

    def _ask(self) -> int:
        with self._client.pipeline(transaction=False) as pipeline:
            pipeline.set(self._key, KEYSPACE_VERSION, nx=True)
            pipeline.get(self._key)
            written, stored = pipeline.execute(raise_on_error=False)
        if isinstance(stored, Exception) and "WRONGTYPE" not in str(stored):
            raise stored
        version = parse_version(stored)
        if version is None:
            raise written if isinstance(written, Exception) else redis.RedisError("the version was not kept")
        return version
