"""Keep what readers count of themselves in Redis, so that it goes on over their restarts.

Strategy: a reader's counts since it was last acknowledged are one numbered batch, sent again unchanged until a reply
came; the script applies a number once. What any reader may see, an anomaly say, is counted when the first tells it.
Where Redis refuses writes, a reader adds its own counts to those it reads.
"""

import logging
import uuid
from collections.abc import Mapping
from typing import Any, Final

import orjson

from tokenpulse_shared import scripts
from tokenpulse_shared.connections.redis_failures import describe_failure
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.keyspace import TOTALS_RETENTION_SECONDS, Keyspace
from tokenpulse_shared.redis_reads import RedisReads

logger = logging.getLogger("tokenpulse.store")

EVENT_RETENTION_SECONDS: Final = 3 * 86400
"""How long an event is remembered: three times as long as an anomaly is told."""


class FleetCounts:
    """Add up what all readers of a Redis count; one call at a time."""

    def __init__(self, reads: RedisReads, keyspace: Keyspace) -> None:
        self._reads = reads
        self._keys = (
            keyspace.reader_counts(),
            keyspace.reader_events(),
            keyspace.reader_guard(uuid.uuid4().hex),
        )
        self._acknowledged: dict[str, int] = {}
        self._in_flight: dict[str, int] = {}
        self._sequence = 0
        self._may_write = True

    async def add(self, counters: Mapping[str, int], events: Mapping[str, str], now: float) -> dict[str, int]:
        """Return what all readers counted, with this one's `counters`, each of which only ever grows, added.

        `events`: event → the counter it is counted in, once, whoever tells it how often. `now`: epoch seconds.

        Raises:
            StoreUnavailableError: Redis cannot be reached, or did not answer in time.
        """
        if not self._may_write:
            return _sum(await self._stored(), counters)
        if not self._in_flight:
            self._in_flight = dict(counters)
            self._sequence += 1
        added = {
            name: count - self._acknowledged.get(name, 0)
            for name, count in self._in_flight.items()
            if count > self._acknowledged.get(name, 0)
        }
        try:
            reply = await self._counted(added, events, now)
        except StoreUnavailableError as error:
            if not _is_refusal(error):
                raise
            logger.warning("Redis refuses what the reader counts of itself: it is lost with the process")
            self._may_write = False
            return _sum(await self._stored(), counters)
        self._acknowledged, self._in_flight = self._in_flight, {}
        return reply

    async def _counted(
        self, added: Mapping[str, int], events: Mapping[str, str], now: float
    ) -> dict[str, int]:
        reply = await self._reads.one(
            "EVAL", scripts.source("count"), len(self._keys), *self._keys, self._sequence, int(now),
            TOTALS_RETENTION_SECONDS, EVENT_RETENTION_SECONDS,
            orjson.dumps(added).decode(), orjson.dumps(events).decode(),
        )  # fmt: skip
        if not self._reads.usable(self._keys[0], reply, list):
            return {}
        return self._decoded(dict(zip(reply[::2], reply[1::2], strict=True)))

    async def _stored(self) -> dict[str, int]:
        reply = await self._reads.one("HGETALL", self._keys[0])
        return self._decoded(reply) if self._reads.usable(self._keys[0], reply, dict) else {}

    def _decoded(self, fields: Mapping[bytes, Any]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for name, count in fields.items():
            try:
                counts[name.decode()] = int(count)
            except ValueError as error:
                self._reads.corrupt_keys.note(self._keys[0], error)
        return counts


def _is_refusal(error: StoreUnavailableError) -> bool:
    """Tell whether a right is missing: then nothing was counted, nor ever will be."""
    cause = error.__cause__
    return isinstance(cause, Exception) and describe_failure(cause).kind == "not_permitted"


def _sum(stored: Mapping[str, int], counters: Mapping[str, int]) -> dict[str, int]:
    return {name: stored.get(name, 0) + counters.get(name, 0) for name in stored.keys() | counters.keys()}
