"""Bring up to date what follows from batches that Redis has: indexes, the journal, breakers."""

from collections.abc import Callable, Sequence

import redis

from tokenpulse.batches.numbered_batch import Batch, Group
from tokenpulse.batches.operations import Calls
from tokenpulse.breakers.fleet_breakers import FleetBreakers
from tokenpulse.flushing.sealer import Sealer
from tokenpulse.guard import Guard
from tokenpulse.writing.journal import Journal
from tokenpulse.writing.refusals import note_refusal
from tokenpulse_shared.keyspace import Keyspace


class FollowUp:
    """Follow batches up, those of several pushes at once; used by the flush thread only.

    `take_calls` returns the calls of a group's batch, once.
    """

    def __init__(
        self,
        client: redis.Redis,
        keyspace: Keyspace,
        guard: Guard,
        journal: Journal,
        sealer: Sealer,
        take_calls: Callable[[Group], list[Calls]],
        breakers: FleetBreakers,
    ) -> None:
        self._client = client
        self._keys = keyspace
        self._guard = guard
        self._journal = journal
        self._sealer = sealer
        self._take_calls = take_calls
        self._breakers = breakers

    def run(self, done: Sequence[Batch], now: float) -> None:
        """Follow up batches; `now` is epoch seconds.

        Raises:
            redis.RedisError: Redis could not be reached: indexes tell of the groups after their next batch.
            OSError: the same, in a way the driver does not translate.
        """
        if not done:
            return
        groups = list(dict.fromkeys(batch.group for batch in done))
        self._guard.count("flushes")
        self._guard.count("batches", len(done))
        self._guard.count("observations", sum(batch.observations for batch in done))
        try:
            self._index(groups, int(now))
        finally:
            for batch in done:
                self._journal.acknowledged(batch)
        for group in groups:
            if calls := self._take_calls(group):
                self._breakers.look(group.name, calls, now)

    def _index(self, groups: Sequence[Group], now: int) -> None:
        with self._client.pipeline(transaction=False) as pipeline:
            for kind, name in groups:
                if kind == "provider":
                    pipeline.zadd(self._keys.providers(), {name: now}, gt=True)
                    self._sealer.note(name)
                elif kind == "http":
                    pipeline.zadd(self._keys.apps(), {name: now}, gt=True)
            replies = pipeline.execute(raise_on_error=False)
        for refusal in (reply for reply in replies if isinstance(reply, Exception)):
            note_refusal(self._guard, "redis_key_refused", "an index refused names", refusal)
