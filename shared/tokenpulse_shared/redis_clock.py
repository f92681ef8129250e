"""Tell the time as Redis has it, so that all readers and writers agree on what `now` is."""

from typing import Final

from tokenpulse_shared.clock import Clock, SystemClock
from tokenpulse_shared.plausible_time import is_plausible
from tokenpulse_shared.redis_reads import RedisReads

OFFSET_SECONDS_KEPT: Final = 30.0
"""How long a measured offset is used: clocks of machines drift by milliseconds in this time."""


class RedisClock:
    """Give Redis' epoch seconds from a monotonic clock and an offset, measured at most every 30 s."""

    def __init__(self, reads: RedisReads, clock: Clock | None = None) -> None:
        self._reads = reads
        self._clock = clock or SystemClock()
        self._is_injected = clock is not None
        self._offset = 0.0
        self._measured_at: float | None = None

    async def now(self) -> float:
        """Return epoch seconds: an injected clock's own, else Redis'.

        Raises:
            StoreUnavailableError: the offset is due and Redis gave no answer.
        """
        if self._is_injected:
            return self._clock.time()
        asked = self._clock.monotonic()
        if self._measured_at is None or asked - self._measured_at >= OFFSET_SECONDS_KEPT:
            seconds, microseconds = await self._reads.one("TIME")
            answered = self._clock.monotonic()
            told = int(seconds) + int(microseconds) / 1e6
            if not is_plausible(told):  # writers go by their own clocks then, so does this one
                told = self._clock.time()
            self._offset = told - (asked + answered) / 2
            self._measured_at = answered
        return self._clock.monotonic() + self._offset
