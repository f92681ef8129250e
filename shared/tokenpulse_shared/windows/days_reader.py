"""Read windows of days: a model's days are hashes of counters, never packed, without sketches.

A provider as a whole has no days of its own: its days are the sums of its models'.
Bounds: one round trip for `COMMANDS_A_TRIP` days of a model, so that no reply keeps Redis or the loop for long.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from tokenpulse_shared.keyspace import Keyspace, stamp
from tokenpulse_shared.redis_reads import RedisReads
from tokenpulse_shared.windows.series_window import Series, SeriesWindow
from tokenpulse_shared.windows.timespan import Span
from tokenpulse_shared.windows.window_builder import WindowBuilder

COMMANDS_A_TRIP: Final = 200


class DaysReader:
    """Load days; safe for concurrent calls on one event loop."""

    def __init__(self, reads: RedisReads, keyspace: Keyspace) -> None:
        self._reads = reads
        self._keyspace = keyspace

    async def load(self, wanted: Sequence[Series], span: Span, counters: Sequence[str]) -> list[SeriesWindow]:
        """Return one window for each model wanted, in order, with the counters named.

        Raises:
            StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
        """
        builders = [WindowBuilder(series, span) for series in wanted]
        stamps = [(start, stamp("day", start)) for start in span.starts]
        reads = [
            (builder, start, self._keyspace.counters(*builder.series, day))
            for builder in builders
            for start, day in stamps
        ]
        for first in range(0, len(reads), COMMANDS_A_TRIP):
            part = reads[first : first + COMMANDS_A_TRIP]
            replies = await self._reads.batch([("HMGET", key, *counters) for _, _, key in part])
            await asyncio.to_thread(self._take, part, counters, replies)
        return [builder.build() for builder in builders]

    def _take(
        self,
        reads: Sequence[tuple[WindowBuilder, int, str]],
        counters: Sequence[str],
        replies: Sequence[Any],
    ) -> None:
        names = [name.encode() for name in counters]
        for (builder, start, key), reply in zip(reads, replies, strict=True):
            if not self._reads.usable(key, reply, list):
                builder.corrupt_keys += 1
                continue
            held = {name: value for name, value in zip(names, reply, strict=True) if value is not None}
            if not held:
                continue
            try:
                builder.add_counters(start, held)
            except ValueError as error:
                builder.corrupt_keys += 1
                self._reads.corrupt_keys.note(key, error)
