"""Tell the time that windows are cut by: Redis's, so that hosts with skewed clocks agree.

Strategy: each reply of the apply script carries Redis's time; the difference to the local clock, taken at
the middle of the round trip, is kept. A clock given from outside is authoritative and never corrected.
"""

from tokenpulse_shared.clock import Clock


class BucketClock:
    """Correct a local clock by Redis's; read and written without a lock (one float)."""

    def __init__(self, clock: Clock, *, follows_server: bool) -> None:
        self._time = clock.time
        self._follows_server = follows_server
        self.offset_seconds = 0.0

    def now(self) -> float:
        """Return epoch seconds."""
        return self._time() + self.offset_seconds

    def synchronise(self, server_time: float, asked_at: float) -> None:
        """Take note of Redis's time; `asked_at` is `now()` before the question."""
        if self._follows_server:
            self.offset_seconds += server_time - (asked_at + self.now()) / 2
