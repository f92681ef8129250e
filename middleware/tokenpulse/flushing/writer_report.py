"""Tell readers that a writer lives, with what only it knows: a report, not a count, so sent as it is."""

import os
import socket
from collections.abc import Mapping, Sequence
from typing import Final, cast

import orjson
import redis

from tokenpulse.writing.refusals import is_refused_by_key
from tokenpulse_shared import __version__

WRITERS_RETENTION_SECONDS: Final = 3600
"""How long the reports of an app's writers are kept after the last one; stale ones are for the reader to skip."""


class WriterReport:
    """Keep one writer's entry in its app's hash of writers."""

    def __init__(self, client: redis.Redis, key: str, writer_id: str, started_at: float) -> None:
        self._client = client
        self._key = key
        self.writer_id = writer_id
        self._started_at = started_at
        self._has_swept = False

    def send(
        self, now: float, in_progress: Sequence[tuple[str, str, int]], stats: Mapping[str, float]
    ) -> bool:
        """Replace the entry; return False when the key holds something else; that a node is gone is told elsewhere.

        `now` is epoch seconds, `in_progress` [(method, route, requests)].

        Raises:
            redis.RedisError: Redis could not be reached, or refuses all writes.
        """
        report = {
            "at": now,
            "started_at": self._started_at,
            "version": __version__,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "in_progress": in_progress,
            "stats": stats,
        }
        with self._client.pipeline(transaction=True) as pipeline:
            pipeline.hset(self._key, self.writer_id, orjson.dumps(report))
            pipeline.expire(self._key, WRITERS_RETENTION_SECONDS)
            replies = pipeline.execute(raise_on_error=False)
        if isinstance(replies[0], Exception):
            return not is_refused_by_key(replies[0])
        if not self._has_swept:
            self._sweep(now)
            self._has_swept = True
        return True

    def _sweep(self, now: float) -> None:
        """Remove the entries of writers that ended without a word: the hash lives as long as any of them writes."""
        reports = cast("dict[bytes, bytes]", self._client.hgetall(self._key))
        gone = [
            writer
            for writer, text in reports.items()
            if now - _sent_at(text, now) > WRITERS_RETENTION_SECONDS
        ]
        if gone:
            self._client.hdel(self._key, *gone)

    def withdraw(self) -> None:
        """Remove the entry.

        Raises:
            redis.RedisError: Redis could not be reached.
        """
        self._client.hdel(self._key, self.writer_id)


def _sent_at(text: bytes, otherwise: float) -> float:
    """Return when a report was sent, epoch seconds; `otherwise` for what is none."""
    try:
        at = orjson.loads(text)["at"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return otherwise
    return at if isinstance(at, int | float) else otherwise
