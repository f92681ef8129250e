"""Never break the app: tokenpulse's own faults are counted, logged rarely, re-raised only under test.

Bounds: at most `MAX_CAUSES` causes are told apart, the rest count as `other`; a cause is logged when it is
first seen and then at most once per `LOG_INTERVAL_SECONDS`.
"""

import contextlib
import logging
import sys
import threading
from types import TracebackType
from typing import Final

from tokenpulse_shared.clock import Clock

logger = logging.getLogger("tokenpulse")

MAX_CAUSES: Final = 128
LOG_INTERVAL_SECONDS: Final = 60.0


class Guard:
    """Count what tokenpulse does and what goes wrong in it, by name; thread-safe.

    Names: plain ones (`flushes`, `observations`, `duplicates`, `gaps`, …), `fault:<cause>` for bad input that
    was set aside, `error:<where>` for an exception inside tokenpulse, `overflow:<what>` for a series that was
    not admitted, `failure:<kind>` for a flush that failed (see `tokenpulse_shared.connections.failure_kinds`).
    """

    def __init__(self, clock: Clock, *, raises: bool = False) -> None:
        self._clock = clock
        self._raises = raises
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._measured: dict[str, int] = {}
        self._drained: dict[str, int] = {}
        self._logged_at: dict[str, float] = {}

    def count(self, name: str, amount: int = 1) -> None:
        """Add to a counter."""
        with self._lock:
            if name not in self._counts and len(self._counts) >= MAX_CAUSES:
                name = "fault:other"
            self._counts[name] = self._counts.get(name, 0) + amount

    def measure(self, name: str, amount: int) -> None:
        """Add to a counter that readers are told of, and nobody else: it is not among `counts`."""
        with self._lock:
            self._measured[name] = self._measured.get(name, 0) + amount

    def fault(self, cause: str) -> None:
        """Count bad input that was set aside."""
        self.count(f"fault:{cause}")

    def error(self, where: str, error: BaseException) -> None:
        """Count an exception inside tokenpulse, log it with its traceback, re-raise it only under test."""
        # No memory, or a log handler of the app's that raises: nothing is left to tell it with.
        with contextlib.suppress(Exception):
            self.count(f"error:{where}")
            # An interpreter that shuts down takes modules away from under what still runs: nobody's fault.
            if not (self._raises or sys.is_finalizing()) and self._may_log(where):
                # Without its text: an exception's text may hold a prompt.
                logger.error("internal error in %s: %s", where, type(error).__name__, exc_info=_bare(error))
        if self._raises:
            raise error

    def say(self, event: str, detail: str) -> None:
        """Log a warning, at most once per `LOG_INTERVAL_SECONDS` for the same event."""
        if self._may_log(event):
            logger.warning("%s: %s", event, detail)

    def warn(self, text: str) -> None:
        """Log a warning, every time; a log handler of the app's that raises does no harm."""
        with contextlib.suppress(Exception):
            logger.warning("%s", text)

    def _may_log(self, what: str) -> bool:
        now = self._clock.monotonic()
        with self._lock:
            if what not in self._logged_at and len(self._logged_at) >= MAX_CAUSES:
                what = "other"
            if now - self._logged_at.get(what, float("-inf")) < LOG_INTERVAL_SECONDS:
                return False
            self._logged_at[what] = now
            return True

    def counts(self) -> dict[str, int]:
        """Return every counter since the start."""
        with self._lock:
            return dict(self._counts)

    def drain(self) -> dict[str, int]:
        """Return what was added since the last drain."""
        with self._lock:
            added = {
                name: count - self._drained.get(name, 0)
                for name, count in self._counts.items()
                if count != self._drained.get(name, 0)
            }
            self._drained.update((name, self._counts[name]) for name in added)
            measured, self._measured = self._measured, {}
            return added | measured


class _WithheldError(Exception):
    """Stand for an exception whose text is withheld."""


def _bare(error: BaseException) -> tuple[type[BaseException], BaseException, TracebackType | None]:
    return _WithheldError, _WithheldError("text withheld"), error.__traceback__
