"""Apply batches to Redis, each exactly once.

Strategy: a group (a provider, an app, a gateway) has one batch in flight at most. A batch carries this
writer's id, the group's previous sequence and its own; the script compares them with the guard that lives
beside the counters. A lost reply leaves the batch in flight, and the next attempt is answered DUP. A server
that lost acknowledged batches answers GAP, and they are replayed from the ring; every other group in the ring is
then sent an empty batch, so that what is lost of one without new traffic comes back too.
Invariants: a batch is only forgotten after OK or DUP; a group's batches are applied in order.
Bounds: see `replay_ring` for what the ring holds of acknowledged batches; what fell out of it
before a GAP is counted as unrecoverable: in batches, and in observations as far back as `loss_account` knows.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import redis

from tokenpulse.batches.numbered_batch import Batch, Group
from tokenpulse.batches.operations import NO_OPERATIONS
from tokenpulse.guard import Guard
from tokenpulse.writing.journal import NO_JOURNAL, Journal
from tokenpulse.writing.loss_account import LossAccount
from tokenpulse.writing.replay_ring import ReplayRing
from tokenpulse.writing.script_call import Call, Script
from tokenpulse_shared.connections.redis_failures import describe_failure
from tokenpulse_shared.keyspace import TOTALS_RETENTION_SECONDS
from tokenpulse_shared.time_limit import own_work

QUIET_SECONDS: Final = 20.0
"""Without traffic for so long a group is asked for once more: well within what the ring holds."""
GUARD_MAY_BE_SWEPT_SECONDS: Final = 86400.0
"""A guard idle for two days is swept by the apply script: past half of that its absence is no loss."""

APPLY: Final = Script("apply")


class RedisWriter:
    """Number batches, apply them, keep them until acknowledged; used by one thread at a time."""

    def __init__(
        self,
        client: redis.Redis,
        guard: Guard,
        monotonic: Callable[[], float] = time.monotonic,
        journal: Journal = NO_JOURNAL,
    ) -> None:
        self.client = client
        self.writer_id = journal.writer_id or uuid.uuid4().hex
        self._guard = guard
        self._journal = journal
        self._monotonic = monotonic
        self._acknowledged: dict[Group, int] = {}
        self._acknowledged_at: dict[Group, float] = {}
        self._ring = ReplayRing()
        self._losses = LossAccount(guard)
        self._tried: set[Group] = set()
        """Groups whose batch in flight may have reached Redis: the others' cannot be there already."""
        self.losses = 0
        """How often the server was found to have lost what it had acknowledged."""
        self._looked_back: set[Group] = set()
        """Groups whose last batch was empty: what came before it was still there then."""
        self.in_flight: dict[Group, Batch] = {}
        self.flushed_observations = 0
        self.partial_error: str | None = None
        """Why the last push left batches in flight, in our own words; None: it left none."""
        self.server_time: float | None = None
        """Redis's clock at the last reply, epoch seconds."""

    def enqueue(
        self, group: Group, guard_key: str, payload: bytes, observations: int, cut: int | None = None
    ) -> None:
        """Put a batch in flight; the group must not have one."""
        previous = self._acknowledged.get(group, 0)
        batch = Batch(group, guard_key, previous, previous + 1, payload, observations, cut)
        self._journal.batched(batch)
        self.in_flight[group] = batch

    def resume(self, group: Group, previous: int) -> None:
        """Number a group's batches from where another process with this writer's id left off."""
        self._acknowledged[group] = previous
        self._tried.add(group)

    def look_back(self) -> None:
        """Put an empty batch in flight, once, for every group that has gone quiet.

        The server that keeps a group may lose acknowledged batches while the others do not: without traffic
        nobody would notice, until the batches have left the ring.
        """
        now = self._monotonic()
        for group, guard_key in self._ring.groups().items():
            is_quiet = now - self._acknowledged_at[group] >= QUIET_SECONDS
            if is_quiet and group not in self._looked_back and group not in self.in_flight:
                self.enqueue(group, guard_key, NO_OPERATIONS, 0)

    def push(self, meanwhile: Callable[[], None] | None = None) -> list[Batch]:
        """Apply everything in flight in one round trip; return the batches that are in Redis now.

        `meanwhile` is called while Redis works: what it puts in flight is for the next push.

        Raises:
            redis.RedisError: nothing was applied, or the connection failed; what is not acknowledged stays in
                flight.
        """
        batches = list(self.in_flight.values())
        new = self.in_flight.keys() - self._tried
        self._tried |= new
        replies = self._apply(batches, partial(self._while_redis_works, meanwhile))
        for batch, reply in zip(batches, replies, strict=True):
            self._check(batch, reply)
        done: list[Batch] = []
        failure: Exception | None = None
        is_shared = False
        for batch, reply in zip(batches, replies, strict=True):
            if self._is_others(batch, reply, is_new=batch.group in new):
                is_shared = True
                continue
            taken = self._take(batch, reply)
            if isinstance(taken, Exception):
                failure = taken
            elif taken:
                done.append(batch)
        if is_shared:
            self._take_another_id()
        self.partial_error = None if failure is None else describe_failure(failure).text
        if failure is not None:
            if not done:
                raise failure
            self._guard.count("refused_batches")
            self._guard.say("redis refused a batch, it is sent again", self.partial_error or "")
        return done

    def _while_redis_works(self, meanwhile: Callable[[], None] | None) -> None:
        with own_work():
            self._ring.pack()
        if meanwhile is not None:
            meanwhile()

    def _apply(self, batches: Sequence[Batch], meanwhile: Callable[[], None] | None = None) -> list[Any]:
        calls: list[Call] = [
            (
                batch.guard_key,
                (self.writer_id, batch.previous, batch.sequence, TOTALS_RETENTION_SECONDS, batch.payload),
            )
            for batch in batches
        ]
        begun_at = time.perf_counter()
        replies = APPLY.call_all(self.client, calls, meanwhile)
        self._guard.measure("queries:batches:apply", len(calls))
        self._guard.measure("query_us:batches", round((time.perf_counter() - begun_at) * 1e6))
        return replies

    def _check(self, batch: Batch, reply: object) -> None:
        """Refuse a reply that is not this batch's: bytes got lost or came in between, none can be trusted.

        Raises:
            redis.exceptions.InvalidResponse: the connection is dropped, every batch stays in flight.
        """
        if isinstance(reply, Exception):
            return
        if not batch.may_be_answered(reply):
            self.client.close()
            raise redis.exceptions.InvalidResponse("a reply that is not this batch's")

    def _is_others(self, batch: Batch, reply: Any, *, is_new: bool) -> bool:
        """Tell whether a batch that was never sent is there already: somebody else writes under our id."""
        return is_new and isinstance(reply, list) and reply[0] == b"DUP" and self._journal.writer_id is None

    def _take(self, batch: Batch, reply: Any) -> bool | Exception:
        """Return whether the batch is in Redis now; what kept it from being replayed, or from being applied at all.

        A cluster's node may be gone, the connection may break in a replay: the others are there all the same.
        """
        if isinstance(reply, Exception):
            return reply
        try:
            return self._settle(batch, reply)
        except (redis.RedisError, OSError) as error:
            return error

    def _settle(self, batch: Batch, reply: list[Any]) -> bool:
        status, stored, microseconds, rejected, first_rejection, _ = reply
        self.server_time = int(microseconds) / 1e6
        if rejected:
            self._guard.count("rejected_increments", int(rejected))
            self._guard.fault("redis_key_refused")
            self._guard.say("redis key refused increments", first_rejection.decode("utf-8", "replace"))
        self._losses.settle(batch.group, batch.previous if status == b"OK" else int(stored))
        if status in (b"GAP", b"EVICTED"):
            return self._bridge(batch, int(stored), is_evicted=status == b"EVICTED")
        if status == b"DUP":
            self._guard.count("duplicates")
        self._acknowledge(batch)
        return True

    def _acknowledge(self, batch: Batch) -> None:
        now = self._monotonic()
        self._acknowledged[batch.group] = batch.sequence
        self._acknowledged_at[batch.group] = now
        del self.in_flight[batch.group]
        self._tried.discard(batch.group)
        self.flushed_observations += batch.observations
        if batch.payload == NO_OPERATIONS:
            self._looked_back.add(batch.group)
        else:
            self._looked_back.discard(batch.group)
        self._losses.acknowledge(batch.group, batch.observations)
        self._ring.add(batch, now)

    def _bridge(self, batch: Batch, stored: int, *, is_evicted: bool) -> bool:
        """Replay what the server lost between its guard and this batch, then apply the batch.

        Where keys are evicted nothing is replayed: what was not evicted with the guard would count twice.
        """
        idle_seconds = self._monotonic() - self._acknowledged_at.get(batch.group, float("-inf"))
        is_loss = not is_evicted and (stored > 0 or idle_seconds < GUARD_MAY_BE_SWEPT_SECONDS)
        if is_evicted:
            self._guard.count("evicted_guards")
            self._guard.say("redis evicts keys, counts are lost", "set its maxmemory-policy to noeviction")
        if is_loss:
            self.losses += 1
            self._guard.count("gaps")
            self._doubt_others(batch.group)
        # What a swept guard vouched for is still there.
        kept = self._ring.after(batch.group, stored) if is_loss else []
        first = (*kept, batch)[0].sequence
        if is_loss:
            acknowledged = self._acknowledged.get(batch.group, 0)
            self._losses.suspect(batch.group, stored=stored, first=first, acknowledged=acknowledged)
        for held in (*kept, batch):
            reply = self._apply([held._replace(previous=stored)])[0]
            if isinstance(reply, Exception):
                return False
            self._check(held, reply)
            if reply[0] in (b"GAP", b"EVICTED"):  # lost again meanwhile: the next flush starts over
                return False
            stored = held.sequence
            self._losses.settle(batch.group, stored)
        self._guard.count("replayed", len(kept))
        self._acknowledge(batch)
        return True

    def _take_another_id(self) -> None:
        """Begin anew under an id of our own: a batch that was never sent is there already, so this id is shared.

        That is a process restored twice from one snapshot of its memory. What waits was not applied by us.
        """
        self._guard.fault("writer_id_shared")
        self._guard.say("another process writes under this one's id", "it takes a new one")
        self.writer_id = uuid.uuid4().hex
        for held in (self._acknowledged, self._acknowledged_at, self._ring, self._losses):
            held.clear()
        self._looked_back.clear()
        self._tried.clear()
        waiting = self.in_flight.values()
        self.in_flight = {batch.group: batch._replace(previous=0, sequence=1) for batch in waiting}

    def _doubt_others(self, group: Group) -> None:
        """Put an empty batch in flight for every other group with batches to replay: they may be lost as well."""
        for other, guard_key in self._ring.groups().items():
            if other != group and other not in self.in_flight:
                self.enqueue(other, guard_key, NO_OPERATIONS, 0)
