"""Bring to Redis what a process left behind, each record exactly once.

Strategy: first the batches that Redis may have or not: their records are folded anew, then sent under the dead
writer's id with the batch's own sequence, which Redis answers with OK or DUP. Then the records that were never
sent, by a writer whose steps are noted in the same log. So a process killed here leaves a log like any other.
Bounds: `SLICE` records are folded at a time, with a pause in between for the threads that serve requests.
"""

import uuid
from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import Final, TypeVar

import redis

from tokenpulse.batches.numbered_batch import Batch
from tokenpulse.breakers.breaker_state import BreakerState
from tokenpulse.bucket_clock import BucketClock
from tokenpulse.flushing.pipeline import Pipeline
from tokenpulse.flushing.sources import Sources
from tokenpulse.guard import Guard
from tokenpulse.spill.spill_files import Place, SpillFiles
from tokenpulse.spill.spill_history import History, read_history, read_records
from tokenpulse.spill.spill_log import SpillLog
from tokenpulse.spill.spill_parts import Part, Parts
from tokenpulse.writing.journal import Journal, NoJournal
from tokenpulse_shared.clock import SystemClock
from tokenpulse_shared.settings import Settings

T = TypeVar("T")

SLICE: Final = 64
"""Some 0.4 ms of work."""
PAUSE_SECONDS: Final = 0.0005
FLUSHES: Final = 5
"""Two are enough, for what is refused as a provider waits under `__other__`, unless Redis refuses batches."""


class InterruptedReplayError(Exception):
    """Say that a replay did not come to its end; what is left stays in the log."""


class ReplayPipeline(Pipeline):
    """Flush one part; a dead writer sends no reports."""

    def __init__(
        self,
        client: redis.Redis,
        part: Part,
        settings: Settings,
        clock: BucketClock,
        guard: Guard,
        journal: Journal,
    ) -> None:
        sources = Sources(part.series, part.http, guard, _nothing_queued, list, dict)
        super().__init__(
            client, sources, settings, clock, BreakerState.empty(settings, SystemClock()), journal
        )
        self._reported_at = float("inf")
        for group, previous in part.resumed.items():
            self.writer.resume(group, previous)
            if group.kind == "provider":  # it was admitted when its batch was made
                self._names.trust(group.name)

    def flush_all(self) -> None:
        """Flush until nothing waits.

        Raises:
            InterruptedReplayError: Redis goes on refusing some of it.
            redis.RedisError: Redis could not be reached, or refused everything.
            OSError: the connection broke in a way the driver does not translate.
        """
        if not any(self.flush() for _ in range(FLUSHES)):
            raise InterruptedReplayError("Redis refuses a part")


def _nothing_queued() -> None:
    """Do what a queue's `settle` does where nothing is queued."""


class _Acknowledgements(NoJournal):
    """Note only that Redis has batches which are in the log already."""

    def __init__(self, writer_id: str, log: SpillLog) -> None:
        self.writer_id = writer_id
        self._log = log

    def acknowledged(self, batch: Batch) -> None:
        self._log.tell_acknowledged(batch)


class _Notes(_Acknowledgements):
    """Note every step; nothing is added to the log meanwhile, so that a cut is always at its end."""

    def __init__(self, writer_id: str, log: SpillLog, now: Callable[[], float]) -> None:
        super().__init__(writer_id, log)
        self._now = now

    def cut(self, take: Callable[[], T]) -> tuple[T, int]:
        return take(), self._log.position

    def moved(self, provider: str, position: int) -> None:
        self._log.tell_moved(provider, position)

    def batched(self, batch: Batch) -> None:
        self._log.tell_batched(batch, self._now())


class Replay:
    """Replay logs, one at a time, until `stop` is set."""

    def __init__(
        self,
        client: redis.Redis,
        settings: Settings,
        clock: BucketClock,
        guard: Guard,
        place: Place,
        stop: Event,
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._guard = guard
        self._place = place
        self._stop = stop
        self._log: SpillLog | None = None

    def run(self, files: SpillFiles) -> int:
        """Replay a log, then delete it; return how many records of it Redis lacked.

        Raises:
            UnsoundLogError: it must not be replayed.
            OtherFormatError: another version must replay it.
            InterruptedReplayError: there was no time, or no room for a note.
            redis.RedisError: Redis could not be reached, or refused everything.
            OSError: a file or the connection failed.
        """
        history = read_history(files, self._place.boot)
        records = 0
        if history is not None:
            parts = self._sort(files, history)
            records = parts.records
            if records:
                self._send(files, history, parts)
            if parts.expired:
                self._guard.count("unrecoverable_observations", parts.expired)
            if history.torn:
                self._guard.count("spill_torn", history.torn)
        files.remove()
        return records

    def _sort(self, files: SpillFiles, history: History) -> Parts:
        parts = Parts(self._settings, history.fates, history.header.app_name, self._clock.now())
        for at, record in enumerate(read_records(files)):
            if at % SLICE == 0 and self._stop.wait(PAUSE_SECONDS):
                raise InterruptedReplayError("told to end")
            parts.add(record)
        return parts

    def _send(self, files: SpillFiles, history: History, parts: Parts) -> None:
        settings = replace(self._settings, app_name=history.header.app_name)
        writer_id = uuid.uuid4().hex
        log = self._log = SpillLog(
            self._place, writer_id, self._guard, files=files, number=history.number, position=history.position
        )
        self._client.ping()  # no file for an attempt that cannot succeed
        if not log.open():
            raise InterruptedReplayError("no room for notes")
        try:
            for resumed_id, part in parts.doubtful.items():
                self._flush(part, settings, _Acknowledgements(resumed_id, log))
            self._flush(parts.fresh, settings, _Notes(writer_id, log, self._clock.now))
        finally:
            log.withdraw()

    def _flush(self, part: Part, settings: Settings, journal: Journal) -> None:
        ReplayPipeline(self._client, part, settings, self._clock, self._guard, journal).flush_all()
