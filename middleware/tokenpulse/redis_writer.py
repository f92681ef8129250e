"""Apply batches to Redis, each exactly once.

Strategy: a group (a provider, an app, a gateway) has one batch in flight at most. A batch carries this
writer's id, the group's previous sequence and its own; the script compares them with the guard that lives
beside the counters. A lost reply leaves the batch in flight, and the next attempt is answered DUP. A server
that lost acknowledged batches answers GAP, and they are replayed from the ring; every other group in the ring is
then sent an empty batch, so that what is lost of one without new traffic comes back too.
Invariants: a batch is only forgotten after OK or DUP; a group's batches are applied in order.
Bounds: the ring holds `RING_SECONDS` of acknowledged batches and at most `RING_BYTES`; what fell out of it
before a GAP is counted as unrecoverable: in batches, and in observations as far back as `SIZES_KEPT`.
"""

import time
import uuid
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, NamedTuple

import redis

from tokenpulse.guard import Guard
from tokenpulse.operations import NO_OPERATIONS
from tokenpulse.script_call import Call, Script
from tokenpulse_shared.keyspace import TOTALS_RETENTION_SECONDS

RING_SECONDS: Final = 60.0
RING_BYTES: Final = 8 * 1024 * 1024
GUARD_MAY_BE_SWEPT_SECONDS: Final = 86400.0
"""A guard idle for two days is swept by the apply script: past half of that its absence is no loss."""

SIZES_KEPT: Final = 3600
"""Batches whose number of observations is remembered, at least: an hour's by default, 29 kB at most."""

Kind = Literal["provider", "http", "gateway"]


class Group(NamedTuple):
    """Name what a batch covers."""

    kind: Kind
    name: str


class Batch(NamedTuple):
    """Hold one group's encoded operations, numbered; `observations`: how many requests it counts."""

    group: Group
    guard_key: str
    previous: int
    sequence: int
    payload: bytes
    observations: int


APPLY: Final = Script("apply")


class RedisWriter:
    """Number batches, apply them, keep them until acknowledged; used by one thread at a time."""

    def __init__(
        self, client: redis.Redis, guard: Guard, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.client = client
        self.writer_id = uuid.uuid4().hex
        self._guard = guard
        self._monotonic = monotonic
        self._acknowledged: dict[Group, int] = {}
        self._acknowledged_at: dict[Group, float] = {}
        self._ring: deque[tuple[float, Batch]] = deque()
        self._ring_bytes = 0
        self._sizes: dict[Group, array[int]] = {}
        """Observations of each group's last acknowledged batches, by which a loss is counted."""
        self._given_up: dict[Group, int] = {}
        """Last sequence of each group that was counted as unrecoverable: a later loss does not count it again."""
        self.in_flight: dict[Group, Batch] = {}
        self.server_time: float | None = None
        """Redis's clock at the last reply, epoch seconds."""

    def enqueue(self, group: Group, guard_key: str, payload: bytes, observations: int) -> None:
        """Put a batch in flight; the group must not have one."""
        previous = self._acknowledged.get(group, 0)
        self.in_flight[group] = Batch(group, guard_key, previous, previous + 1, payload, observations)

    def push(self) -> list[Batch]:
        """Apply everything in flight in one round trip; return the batches that are in Redis now.

        Raises:
            redis.RedisError: the connection failed; what is not acknowledged stays in flight.
        """
        batches = list(self.in_flight.values())
        replies = self._apply(batches)
        for batch, reply in zip(batches, replies, strict=True):
            self._check(batch, reply)
        done: list[Batch] = []
        failure: redis.ResponseError | None = None
        for batch, reply in zip(batches, replies, strict=True):
            if isinstance(reply, redis.ResponseError):
                failure = reply
            elif self._settle(batch, reply):
                done.append(batch)
        if failure is not None:
            # A READONLY or LOADING server may not be ours to write to any more: look it up anew.
            self.client.connection_pool.disconnect()
            if not done:
                raise failure
            self._guard.count("refused_batches")
            self._guard.say("redis refused a batch, it is sent again", type(failure).__name__)
        return done

    def _apply(self, batches: Sequence[Batch]) -> list[Any]:
        calls: list[Call] = [
            (
                batch.guard_key,
                (self.writer_id, batch.previous, batch.sequence, TOTALS_RETENTION_SECONDS, batch.payload),
            )
            for batch in batches
        ]
        return APPLY.call_all(self.client, calls)

    def _check(self, batch: Batch, reply: object) -> None:
        """Refuse a reply that is not this batch's: bytes got lost or came in between, none can be trusted.

        Raises:
            redis.exceptions.InvalidResponse: the connection is dropped, every batch stays in flight.
        """
        if isinstance(reply, redis.ResponseError):
            return
        if not isinstance(reply, list) or len(reply) != 6 or reply[5] != batch.guard_key.encode():
            self.client.connection_pool.disconnect()
            raise redis.exceptions.InvalidResponse("a reply that is not this batch's")

    def _settle(self, batch: Batch, reply: list[Any]) -> bool:
        status, stored, microseconds, rejected, first_rejection, _ = reply
        self.server_time = int(microseconds) / 1e6
        if rejected:
            self._guard.count("rejected_increments", int(rejected))
            self._guard.fault("redis_key_refused")
            self._guard.say("redis key refused increments", first_rejection.decode("utf-8", "replace"))
        if status == b"GAP":
            return self._bridge(batch, int(stored))
        if status == b"DUP":
            self._guard.count("duplicates")
        self._acknowledge(batch)
        return True

    def _acknowledge(self, batch: Batch) -> None:
        now = self._monotonic()
        self._acknowledged[batch.group] = batch.sequence
        self._acknowledged_at[batch.group] = now
        del self.in_flight[batch.group]
        sizes = self._sizes.setdefault(batch.group, array("Q"))
        sizes.append(batch.observations)
        if len(sizes) >= 2 * SIZES_KEPT:
            del sizes[:SIZES_KEPT]
        self._ring.append((now, batch))
        self._ring_bytes += len(batch.payload)
        while self._ring and (self._ring_bytes > RING_BYTES or now - self._ring[0][0] > RING_SECONDS):
            self._ring_bytes -= len(self._ring.popleft()[1].payload)

    def _bridge(self, batch: Batch, stored: int) -> bool:
        """Replay what the server lost between its guard and this batch, then apply the batch."""
        idle_seconds = self._monotonic() - self._acknowledged_at.get(batch.group, float("-inf"))
        is_loss = stored > 0 or idle_seconds < GUARD_MAY_BE_SWEPT_SECONDS
        if is_loss:
            self._guard.count("gaps")
            self._doubt_others(batch.group)
        ring = self._ring if is_loss else ()  # what a swept guard vouched for is still there
        kept = [held for _, held in ring if held.group == batch.group and held.sequence > stored]
        for at, held in enumerate((*kept, batch)):
            reply = self._apply([held._replace(previous=stored)])[0]
            if isinstance(reply, Exception):
                return False
            self._check(held, reply)
            if reply[0] == b"GAP":  # lost again meanwhile: the next flush starts over
                return False
            if at == 0 and is_loss:
                self._count_unrecoverable(batch.group, stored, batch.previous - len(kept))
            stored = held.sequence
        self._guard.count("replayed", len(kept))
        self._acknowledge(batch)
        return True

    def _doubt_others(self, group: Group) -> None:
        """Put an empty batch in flight for every other group with batches to replay: they may be lost as well."""
        keys = {held.group: held.guard_key for _, held in self._ring if held.group != group}
        for other, guard_key in keys.items():
            if other not in self.in_flight:
                self.enqueue(other, guard_key, NO_OPERATIONS, 0)

    def _count_unrecoverable(self, group: Group, stored: int, last: int) -> None:
        """Count the group's batches after `stored` up to `last`, but those that were counted before."""
        lost = last - max(stored, self._given_up.get(group, 0))
        if lost <= 0:
            return
        self._given_up[group] = last
        sizes = self._sizes[group]
        end = len(sizes) - (self._acknowledged[group] - last)
        self._guard.count("unrecoverable", lost)
        self._guard.count("unrecoverable_observations", sum(sizes[max(0, end - lost) : end]))
