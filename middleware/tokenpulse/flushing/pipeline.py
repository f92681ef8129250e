"""Take deltas, make them batches, have them applied: one flush, in order.

Invariant: nothing is taken from an aggregator unless it becomes a batch in flight in the same breath, or is held
until it can be one, so that an exception at any point loses nothing.
Bounds: further batches are begun for `ROUNDS_SECONDS`, so that a flush ends within its caller's time limit however
much waits.
"""

import threading
import time
from typing import Final

import redis

from tokenpulse.batches.numbered_batch import Batch
from tokenpulse.breakers.breaker_state import BreakerState
from tokenpulse.breakers.fleet_breakers import FleetBreakers
from tokenpulse.bucket_clock import BucketClock
from tokenpulse.flushing.feeds import Feeds
from tokenpulse.flushing.follow_up import FollowUp
from tokenpulse.flushing.sealer import Sealer
from tokenpulse.flushing.series_names import SeriesNames
from tokenpulse.flushing.sources import Sources
from tokenpulse.flushing.version_check import VersionCheck
from tokenpulse.flushing.writer_report import WriterReport
from tokenpulse.writing.journal import NO_JOURNAL, Journal
from tokenpulse.writing.redis_writer import RedisWriter
from tokenpulse_shared.connections.redis_url import is_memory_url
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.rights import lacking_rights
from tokenpulse_shared.settings import Settings

ROUNDS_SECONDS: Final = 0.45
REPORT_SECONDS: Final = 5.0
"""How often an idle writer says that it lives, and the project's own counters travel."""


class Pipeline:
    """Flush what waits; hold `lock` while calling."""

    def __init__(
        self,
        client: redis.Redis,
        sources: Sources,
        settings: Settings,
        clock: BucketClock,
        breaker_state: BreakerState,
        journal: Journal = NO_JOURNAL,
    ) -> None:
        self.lock = threading.Lock()
        self._client = client
        self._sources = sources
        self._settings = settings
        self._clock = clock
        self._keys = Keyspace(settings.key_prefix)
        self._journal = journal
        self.writer = RedisWriter(client, sources.guard, journal=journal)
        self._names = SeriesNames(client, self._keys, settings, sources.series, sources.guard)
        self._version = VersionCheck(client, self._keys)
        self._sealer = Sealer(client, self._keys, sources.guard)
        self._feeds = Feeds(self._names, sources, settings, self.writer, journal)
        self._breakers = FleetBreakers(client, self._keys, settings, sources.guard, breaker_state)
        self._follow_up = FollowUp(
            client, self._keys, sources.guard, journal, self._sealer, self._feeds.take_calls, self._breakers
        )
        self.was_cut_short = False
        """Whether the last flush ended for want of time, with more to send."""
        self._done: list[Batch] = []
        """Batches that Redis has, yet to be followed up."""
        self._reported_at = float("-inf")
        self._writer_report = WriterReport(
            client, self._keys.writers(settings.app_name), self.writer.writer_id, clock.now()
        )
        self._was_in_progress = False

    def flush(self) -> bool:
        """Apply what is in flight and what waits; return whether nothing waits any more.

        Raises:
            redis.RedisError: Redis could not be reached, or refused everything.
            KeyspaceVersionError: a newer release writes there; nothing was sent.
            OSError: the connection broke in a way the driver does not translate.
        """
        self._version.confirm()
        self._settle_clock()
        self._sources.settle()
        self._journal.begin(self._feeds.held_providers())
        is_due = time.monotonic() - self._reported_at >= REPORT_SECONDS
        if is_due:
            self.writer.look_back()
        try:
            self._apply(with_own_counters=is_due)
        finally:
            done, self._done = self._done, []
            self._follow_up.run(done, self._clock.now())
        in_progress = self._sources.in_progress()
        if is_due or in_progress or self._was_in_progress:
            self._report(in_progress)
        self._was_in_progress = bool(in_progress)
        self._sealer.seal_due(may_wait=self.was_cut_short)
        self._breakers.refresh(self._clock.now())
        return not self.has_waiting()

    def set_aside(self) -> None:
        """Hold in few bytes what waits, while Redis does not take it: to be called before each further attempt."""
        if self._clock.is_settled:  # else what is queued waits to be dated
            self._sources.settle()
        self._feeds.set_aside(self._clock.now())

    @property
    def series_count(self) -> int:
        """Return how many series' deltas memory holds."""
        return self._feeds.series_count()

    @property
    def pending_observations(self) -> int:
        """Return how many folded observations Redis is not known to have; takes no lock."""
        return max(0, self._sources.series.observations - self.writer.flushed_observations)

    def has_waiting(self) -> bool:
        """Tell whether anything was recorded that is not in Redis."""
        self._sources.settle()
        return bool(self.writer.in_flight) or self._feeds.has_waiting()

    def may_have_waiting(self) -> bool:
        """Tell whether anything waits, or a flush in another thread has something in hand; waits for no flush."""
        if not self.lock.acquire(blocking=False):
            return True
        try:
            return self.has_waiting()
        finally:
            self.lock.release()

    def _settle_clock(self) -> None:
        """Ask Redis for the time before the first flush, so that what waits for it is dated right."""
        if not self._clock.is_settled:
            asked_at = self._clock.now()
            seconds, microseconds = self._client.time()
            self._synchronise(seconds + microseconds / 1e6, asked_at)

    def _synchronise(self, server_time: float, asked_at: float) -> None:
        if not self._clock.synchronise(server_time, asked_at):
            self._sources.guard.fault("redis_time_absurd")
            self._sources.guard.say("redis tells an absurd time, this host's is used", str(int(server_time)))

    def _apply(self, *, with_own_counters: bool) -> None:
        """Have batches applied until nothing waits, some are refused, or the time to begin further ones is over."""
        ends_at = time.monotonic() + ROUNDS_SECONDS
        goes_on, self.was_cut_short = self.was_cut_short and bool(self.writer.in_flight), False
        now = self._clock.now()  # of one that goes on a push is ready: Redis is not to wait for the next one
        self._feeds.enqueue(now, with_own_counters=with_own_counters, with_providers=not goes_on)
        while self.writer.in_flight and self._push():
            if not self.writer.in_flight:
                self._feeds.enqueue_providers(self._clock.now())
            if self.writer.in_flight and time.monotonic() >= ends_at:
                self.was_cut_short = True
                return

    def _push(self) -> bool:
        """Have what is in flight applied, put more in flight meanwhile; return whether to go on: none was refused."""
        asked_at, losses = self._clock.now(), self.writer.losses
        done = self.writer.push(lambda: self._feeds.enqueue_providers(asked_at))
        if self.writer.losses != losses:
            self._names.forget()
        self._writer_report.writer_id = self.writer.writer_id
        assert self.writer.server_time is not None  # a push that returns had a reply
        self._synchronise(self.writer.server_time, asked_at)
        self._done += done
        return bool(done) and self.writer.partial_error is None

    def _report(self, in_progress: list[tuple[str, str, int]]) -> None:
        now = self._clock.now()
        stats = {
            "pending_batches": len(self.writer.in_flight),
            "series": self.series_count,
            "last_flush": now,
            "pending_observations": self.pending_observations,
            "clock_offset_seconds": round(self._clock.offset_seconds, 6),
        }
        if not self._writer_report.send(now, in_progress, stats):
            self._sources.guard.fault("redis_key_refused")
        self._reported_at = time.monotonic()

    def lacking_rights(self) -> list[str]:
        """Return what a writer does that the Redis user may not (see `tokenpulse_shared.rights`).

        Raises:
            redis.RedisError: Redis could not be asked.
            OSError: the connection broke in a way the driver does not translate.
        """
        if is_memory_url(self._settings.redis_url):
            return []
        return lacking_rights(self._client, "writer", self._keys.totals(OTHER))

    def withdraw(self) -> None:
        """Take this writer's report back: it has ended.

        Raises:
            redis.RedisError: Redis could not be reached; the report goes stale within seconds by itself.
        """
        self._writer_report.withdraw()
