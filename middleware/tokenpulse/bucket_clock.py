"""Tell the time that windows are cut by: Redis's, so that hosts with skewed clocks agree.

Strategy: the monotonic clock ticks, Redis says what time it is; the local wall clock is only asked once, for what
happens before the first answer. So neither a host's skew nor a jump of its clock moves anything from one window to
another. Each reply of Redis that carries its time is a measurement whose error is half the round trip; the best one
is kept, until it has aged (`DRIFT`) past a newer one, or the newer one shows that Redis's clock was set.
A clock given from outside is authoritative and never corrected.
Invariant: without a correction time never goes back.
"""

from typing import Final

from tokenpulse_shared.clock import Clock
from tokenpulse_shared.plausible_time import is_plausible

DRIFT: Final = 1e-4
"""How far two clocks may drift apart: 100 ppm, more than any quartz."""


class BucketClock:
    """Tell Redis's time by a local clock; read and written without a lock (one float).

    `stamp` gives a moment, to be told as a time later, by `at`: what happens before the first measurement is
    dated after it.
    """

    def __init__(self, clock: Clock, *, follows_server: bool) -> None:
        self._clock = clock
        self._follows_server = follows_server
        self.stamp = clock.monotonic if follows_server else clock.time
        self.ahead_seconds = clock.time() - clock.monotonic() if follows_server else 0.0
        """What makes a stamp epoch seconds."""
        self._error_seconds = float("inf")
        self._measured_at = self.stamp()
        self.offset_seconds = 0.0
        """How far Redis's clock is ahead of this host's, when last measured."""

    @property
    def is_settled(self) -> bool:
        """Tell whether the time will not be corrected by a first measurement any more."""
        return not self._follows_server or self._error_seconds != float("inf")

    def at(self, stamp: float) -> float:
        """Return the epoch seconds of a moment."""
        return stamp + self.ahead_seconds

    def now(self) -> float:
        """Return epoch seconds."""
        return self.stamp() + self.ahead_seconds

    def synchronise(self, server_time: float, asked_at: float) -> bool:
        """Take note of Redis's time; `asked_at` is `now()` before the question.

        Returns False when that cannot be the time (see `is_plausible`); the clock then goes on as it did.
        """
        if not self._follows_server:
            return True
        if not is_plausible(server_time):
            return False
        answered = self.stamp()
        answered_at = self.at(answered)
        correction = server_time - (asked_at + answered_at) / 2
        error = (answered_at - asked_at) / 2
        held_error = self._error_seconds + (answered - self._measured_at) * DRIFT
        was_set = abs(correction) > error + held_error
        if error <= held_error or was_set:
            self.ahead_seconds += correction
            self._error_seconds, self._measured_at = error, answered
        self.offset_seconds = self.now() - self._clock.time()
        return True
