"""Load every monotonic counter from Redis in few round trips.

Strategy: the indexes first (providers, apps; then each provider's models), then the hashes they name, in
pipelines of `HASHES_PER_TRIP`, so that reading thousands of series never holds the event loop for long.
Invariants: only keys that an index names are read, no SCAN; a key of a wrong type is left out and named.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from redis.exceptions import ResponseError

from tokenpulse_shared.clock import Clock, SystemClock
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.keyspace_version import check_readable
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.redis_reads import Command, RedisReads
from tokenpulse_shared.store_errors import translated_errors
from tokenpulse_shared.totals.http_decoding import HttpDecoder
from tokenpulse_shared.totals.server_info import load_server_info
from tokenpulse_shared.totals.totals_decoding import SeriesDecoder, clean_member
from tokenpulse_shared.totals.totals_records import AppTotals, ModelTotals, RedisInfo, SeriesTotals, Totals

logger = logging.getLogger("tokenpulse.store")

HASHES_PER_TRIP: Final = 10
"""About 5 ms of work on the event loop with 80 fields each, measured with redis-py's own parser."""
INFO_SECONDS: Final = 5.0
"""How long an INFO is served from memory."""

Pair = tuple[str, str | None]
"""A provider with one of its models, None for the provider as a whole."""


class TotalsReader:
    """Load totals; one load at a time. `clock` only decides when INFO is asked again."""

    def __init__(self, reads: RedisReads, keyspace: Keyspace, clock: Clock | None = None) -> None:
        self._reads = reads
        self._keyspace = keyspace
        self._clock = clock or SystemClock()
        self._info: RedisInfo | None = None
        self._info_at: float | None = None
        self._named: frozenset[str] = frozenset()

    async def load(self) -> Totals:
        """Return every counter.

        Raises:
            StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time, all trips together.
            KeyspaceVersionError: another release wrote the keyspace, in a way that this one cannot read.
        """
        async with translated_errors():
            return await self._load()

    async def _load(self) -> Totals:
        keys, load = self._keyspace, _Load(self._reads)
        clock, version, provider_names, app_names = await load.trip(
            [
                ("TIME",),
                ("GET", keys.version()),
                ("ZRANGE", keys.providers(), "0", "-1"),
                ("ZRANGE", keys.apps(), "0", "-1"),
            ]
        )
        check_readable(version)
        providers, apps = load.names(provider_names, OTHER), load.names(app_names)
        models = await self._models(load, providers)
        series: list[Pair] = [*((provider, None) for provider in providers), *models]
        decoded = await load.series({pair: keys.totals(*pair) for pair in series})
        totals = Totals(
            taken_at=clock[0] + clock[1] / 1e6,
            providers={provider: held for (provider, model), held in decoded.items() if model is None},
            models=tuple(
                ModelTotals(provider, model, held)
                for (provider, model), held in decoded.items()
                if model is not None
            ),
            apps=await self._apps(load, apps),
            redis=await self._redis_info(),
            corrupt_keys=tuple(load.corrupt),
            unreadable_fields=load.unreadable,
        )
        self._log_once(totals.corrupt_keys)
        return totals

    async def _models(self, load: "_Load", providers: Sequence[str]) -> list[Pair]:
        replies = await load.trip([("ZRANGE", self._keyspace.models(name), "0", "-1") for name in providers])
        return [
            (provider, model)
            for provider, reply in zip(providers, replies, strict=True)
            for model in load.names(reply, OTHER)
        ]

    async def _apps(self, load: "_Load", names: Sequence[str]) -> tuple[AppTotals, ...]:
        apps: list[AppTotals] = []
        for name in names:
            decoder = HttpDecoder()
            counters, reports = await load.hashes(
                [self._keyspace.http_totals(name), self._keyspace.writers(name)]
            )
            apps.append(decoder.decode(name, counters, reports))
            load.unreadable += decoder.unreadable
        return tuple(apps)

    async def _redis_info(self) -> RedisInfo | None:
        now = self._clock.monotonic()
        if self._info_at is None or now - self._info_at >= INFO_SECONDS:
            self._info, self._info_at = await load_server_info(self._reads.client), now
        return self._info

    def _log_once(self, corrupt: Sequence[str]) -> None:
        for key in corrupt:
            if key not in self._named:
                logger.warning("totals key is not ours, left out: %s", key)
        self._named = frozenset(corrupt)


class _Load:
    """Send the commands of one load; gather the keys that are not ours."""

    def __init__(self, reads: RedisReads) -> None:
        self._reads = reads
        self.corrupt: list[str] = []
        self.unreadable = 0

    async def trip(self, commands: Sequence[Command]) -> list[Any]:
        """Return one reply per command, in one round trip; None for a key of a wrong type.

        Raises:
            StoreUnavailableError: any other refusal.
        """
        replies = await self._reads.batch(commands)
        for place, reply in enumerate(replies):
            if isinstance(reply, ResponseError):
                self.corrupt.append(str(commands[place][1]))
                replies[place] = None
        return replies

    async def hashes(self, keys: Sequence[str]) -> list[dict[bytes, bytes]]:
        """Return each key's hash, empty for one that is missing or of a wrong type, in one round trip."""
        replies = await self.trip([("HGETALL", key) for key in keys])
        await asyncio.sleep(0)  # a reply that is already buffered never yields by itself
        return [reply or {} for reply in replies]

    async def series(self, keys: Mapping[Pair, str]) -> dict[Pair, SeriesTotals]:
        """Return what the hashes of totals hold, those that exist; decoded trip by trip."""
        found: dict[Pair, SeriesTotals] = {}
        pairs = list(keys)
        for start in range(0, len(pairs), HASHES_PER_TRIP):
            some = pairs[start : start + HASHES_PER_TRIP]
            for pair, fields in zip(some, await self.hashes([keys[pair] for pair in some]), strict=True):
                if fields:
                    decoder = SeriesDecoder()
                    found[pair] = decoder.decode(fields)
                    self.unreadable += decoder.unreadable
        return found

    def names(self, members: Sequence[bytes] | None, *always: str) -> list[str]:
        """Return an index's names in order, with those that are asked for whether it lists them or not.

        `__other__` is one: it takes what the index refuses.
        """
        names = set(always)
        for member in members or ():
            try:
                names.add(clean_member(member))
            except ValueError:
                self.unreadable += 1
        return sorted(names)
