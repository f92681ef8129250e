"""Carry deltas from the aggregators to Redis, every `flush_interval`, in a thread of its own.

Strategy: a thread, not a task, so that no event loop waits for a flush, whatever loops, threads or servers
the app uses, and so that a blocked loop delays no flush. Its client blocks with 1 s timeouts and never retries.
Invariants: deltas leave the aggregator only for a batch in flight; a batch in flight is kept until Redis has
it; a group with a batch in flight gets no second one, its deltas wait where they are.
Bounds: one attempt per interval, backing off with full jitter to `MAX_BACKOFF_SECONDS` (refused logins:
`REFUSED_BACKOFF_SECONDS`).
"""

import contextlib
import logging
import random
import threading
from typing import Final

import redis

from tokenpulse.guard import Guard
from tokenpulse.pipeline import Pipeline
from tokenpulse_shared.clock import Clock

logger = logging.getLogger("tokenpulse")

MAX_BACKOFF_SECONDS: Final = 2.0
"""Longest pause between attempts while Redis is away: what waits must arrive within seconds of its return."""
REFUSED_BACKOFF_SECONDS: Final = 30.0
DRAIN_INTERVAL_SECONDS: Final = 0.02
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
        self.last_error: str | None = None
        self.last_flush_at: float | None = None

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
        self._thread = None

    def flush(self) -> bool:
        """Flush once, in the caller's thread; return whether everything that waited is in Redis.

        Another flush is waited for, but not for ever: this may be a signal handler that interrupted it.
        """
        if not self._pipeline.lock.acquire(timeout=CLOSE_SECONDS):
            return False
        try:
            complete = self._pipeline.flush()
        except (redis.RedisError, OSError) as error:
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
            self._wake.wait(self._pause_seconds())
            self._wake.clear()
            if not self._stopping:
                self.flush()
        self._finish()

    def _finish(self) -> None:
        # Twice at most: what was in flight already, then what waited behind it.
        if not self.flush() and self.last_error is None:
            self.flush()
        if self.last_error is None:
            with self._pipeline.lock, contextlib.suppress(redis.RedisError, OSError):
                self._pipeline.withdraw()

    def _pause_seconds(self) -> float:
        if not self._failures:
            return DRAIN_INTERVAL_SECONDS if self._draining else self._interval_seconds
        if self._failures < 0:
            return REFUSED_BACKOFF_SECONDS * (1 + self._jitter.random())  # jitter, no secret
        longest = min(MAX_BACKOFF_SECONDS, self._interval_seconds * 2.0 ** min(self._failures, 8))
        return max(DRAIN_INTERVAL_SECONDS, self._jitter.random() * longest)  # jitter, no secret

    def _fail(self, error: Exception) -> None:
        refused = isinstance(error, redis.exceptions.AuthenticationError | redis.exceptions.NoPermissionError)
        self._failures = -1 if refused else max(self._failures, 0) + 1
        self._guard.count("failed_flushes")
        if self.last_error is None:
            logger.warning("flush failed, counts are kept and sent later: %s", type(error).__name__)
        self.last_error = type(error).__name__

    def _succeed(self) -> None:
        if self.last_error is not None:
            logger.warning("flush works again after %s", self.last_error)
        self._failures = 0
        self.last_error = None
        self.last_flush_at = self._clock.time()
