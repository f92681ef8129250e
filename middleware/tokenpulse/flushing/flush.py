"""Carry deltas from the aggregators to Redis, every `flush_interval`, in a thread of its own.

Strategy: a thread, not a task, so that no event loop waits for a flush, whatever loops, threads or servers
the app uses, and so that a blocked loop delays no flush. Its client blocks with 1 s timeouts and never retries.
Invariants: deltas leave the aggregator only for a batch in flight, or to be held for one; a batch in flight is kept
until Redis has it; a group with a batch in flight gets no second one, its deltas wait.
Bounds: one attempt per interval, backing off with full jitter to `MAX_BACKOFF_SECONDS` (refused logins and
missing rights: `REFUSED_BACKOFF_SECONDS` at least); one log line for each cause of an outage, one for its end.
"""

import contextlib
import logging
import random
import threading
import time
from typing import Final

import redis

from tokenpulse.flushing.pipeline import Pipeline
from tokenpulse.guard import Guard
from tokenpulse_shared.clock import Clock
from tokenpulse_shared.connections.redis_failures import describe_failure
from tokenpulse_shared.errors import KeyspaceVersionError
from tokenpulse_shared.time_limit import time_limit

logger = logging.getLogger("tokenpulse")

MAX_BACKOFF_SECONDS: Final = 1.5
"""Longest pause between attempts while Redis is away: what waits must arrive within seconds of its return."""
REFUSED_BACKOFF_SECONDS: Final = 30.0
DRAIN_INTERVAL_SECONDS: Final = 0.02
FLUSH_SECONDS: Final = 0.9
"""Longest an attempt waits for Redis, all its steps together: it ends within a second. Work of our own, in bounded
portions, is on top: a busy processor must not make an answer late that has come."""
RIGHTS_SECONDS: Final = 0.25
"""Longest a flush asks for the user's rights, once: what it brings is a clearer message, no count."""
CLOSE_SECONDS: Final = 2.0
"""How long a shutdown may take to flush."""


class Flusher:
    """Run the pipeline in a thread, in good and bad times; thread-safe."""

    def __init__(self, pipeline: Pipeline, guard: Guard, clock: Clock, interval_seconds: float) -> None:
        self._pipeline = pipeline
        self._guard = guard
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._draining = False
        self._failures = 0
        self._jitter = random.Random()  # of its own: the app may seed the shared one
        self._thread: threading.Thread | None = None
        self._said: set[str] = set()  # causes logged since the last success
        self._succeeded_at: float | None = None  # monotonic
        self.lacking_rights: list[str] | None = None
        """What the Redis user may not do, as an ACL names it; None: not known."""
        self._may_lack_rights = True
        self.last_error: str | None = None
        self.last_flush_at: float | None = None
        self.was_cut_off = False
        """Whether the last close ended before its flush did."""

    @property
    def is_running(self) -> bool:
        """Tell whether the thread was started and not closed."""
        return self._thread is not None

    @property
    def is_connected(self) -> bool | None:
        """Tell whether the last attempt reached Redis; None before the first."""
        if self.last_error is not None:
            return False
        return None if self.last_flush_at is None else True

    @property
    def staleness_seconds(self) -> float | None:
        """Return how long ago the last good flush was, None before the first."""
        return None if self._succeeded_at is None else self._clock.monotonic() - self._succeeded_at

    def start(self) -> None:
        """Start the thread unless it runs; a thread that cannot start is counted, flushes are then explicit."""
        with self._lock:
            if self._thread is not None:
                return
            self._stopping = False
            self._wake.clear()
            self._thread = threading.Thread(target=self._run, name="tokenpulse-flush", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:  # the interpreter is shutting down, or has no threads left
            self._guard.error("flush_thread", error)

    def drain(self) -> None:
        """Flush at once from now on: the process is about to end."""
        self._draining = True
        self._wake.set()

    def close(self, timeout_seconds: float = CLOSE_SECONDS) -> None:
        """Flush what waits, then stop the thread; returns within the timeout. Can be started again."""
        thread = self._thread
        self._stopping = True
        self._wake.set()
        if thread is not None and thread.is_alive():
            thread.join(timeout_seconds)
        elif self._pipeline.has_waiting():
            self._finish()
        self.was_cut_off = thread is not None and thread.is_alive()
        self._thread = None

    def flush(self) -> bool:
        """Flush once, in the caller's thread; return whether everything that waited is in Redis.

        Another flush is waited for, but not for ever: this may be a signal handler that interrupted it.
        """
        if not self._pipeline.lock.acquire(timeout=CLOSE_SECONDS):
            return False
        try:
            if self._failures:
                self._pipeline.set_aside()  # before the time runs: it waits for nobody
            with time_limit(FLUSH_SECONDS):
                complete = self._pipeline.flush()
                self._check_rights()
        except (redis.RedisError, OSError, KeyspaceVersionError) as error:
            self._fail(error)
            return False
        except Exception as error:  # noqa: BLE001  # top of the background loop: counted, logged, tried again
            self._fail(error)
            self._guard.error("flush", error)
            return False
        finally:
            self._pipeline.lock.release()
        self._succeed()
        return complete

    def _run(self) -> None:
        mine = threading.current_thread()
        while not self._stopping and self._thread is mine:
            self._rest(self._pause_seconds())
            if not self._stopping:
                self.flush()
        self._finish()

    def _rest(self, seconds: float) -> None:
        """Wait; while Redis is away, set aside every interval what was recorded meanwhile."""
        while self._failures and seconds > self._interval_seconds and not self._wake.is_set():
            self._wake.wait(self._interval_seconds)
            seconds -= self._interval_seconds
            try:
                with self._pipeline.lock:
                    self._pipeline.set_aside()
            except Exception as error:  # noqa: BLE001  # top of the background loop: counted, logged, tried again
                self._guard.error("set_aside", error)
        self._wake.wait(seconds)
        self._wake.clear()

    def _finish(self) -> None:
        # Once more at least: what was in flight already, then what waited behind it; a backlog in parts.
        ends_at = time.monotonic() + CLOSE_SECONDS / 2
        is_complete = self.flush() or (self.last_error is None and self.flush())
        while not is_complete and self._pipeline.was_cut_short and time.monotonic() < ends_at:
            is_complete = self.flush()
        if self.last_error is None:
            with self._pipeline.lock, contextlib.suppress(redis.RedisError, OSError):
                self._pipeline.withdraw()

    def _pause_seconds(self) -> float:
        if not self._failures:
            if self._pipeline.was_cut_short:
                return 0.0
            return DRAIN_INTERVAL_SECONDS if self._draining else self._interval_seconds
        if self._failures < 0:
            return REFUSED_BACKOFF_SECONDS * (1 + self._jitter.random())  # jitter, no secret
        longest = min(MAX_BACKOFF_SECONDS, self._interval_seconds * 2.0 ** min(self._failures, 8))
        return max(DRAIN_INTERVAL_SECONDS, self._jitter.random() * longest)  # jitter, no secret

    def _fail(self, error: Exception) -> None:
        failure = describe_failure(error)
        self._failures = -1 if failure.is_refusal else max(self._failures, 0) + 1
        self._guard.count("failed_flushes")
        self._guard.count(f"failure:{failure.kind}")
        text = failure.text
        if failure.kind == "not_permitted" and (lacking := self._find_lacking_rights()):
            text = failure._replace(detail=", ".join(lacking)).text  # Redis names one at most
        if failure.kind not in self._said:  # a closed set, so this one is bounded
            self._said.add(failure.kind)
            logger.warning("flush failed, counts are kept and sent later: %s", text)
        self.last_error = text
        self._may_lack_rights = failure.is_refusal

    def _check_rights(self) -> None:
        """Find, after the first good flush, what would fail only later: rights that are seldom needed."""
        if self._may_lack_rights:
            self._may_lack_rights = False
            if lacking := self._find_lacking_rights():
                logger.warning("the Redis user lacks rights, some counts may wait: %s", ", ".join(lacking))

    def _find_lacking_rights(self) -> list[str] | None:
        self.lacking_rights = None
        with contextlib.suppress(redis.RedisError, OSError), time_limit(RIGHTS_SECONDS):
            self.lacking_rights = self._pipeline.lacking_rights()
        return self.lacking_rights

    def _succeed(self) -> None:
        if self.last_error is not None:
            logger.warning("flush works again after: %s", self.last_error)
        self._failures = 0
        self._said.clear()
        self.last_error = None
        self.last_flush_at = self._clock.time()
        self._succeeded_at = self._clock.monotonic()
