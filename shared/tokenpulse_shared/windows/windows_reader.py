"""Read windows of series exactly, while writers add to them and the seal script packs them.

Strategy, two round trips. The first asks each provider which windows are open. The second reads, at one
moment (MULTI/EXEC), the blocks that overlap the span and the hashes of just those windows. A window that is
packed in between is found in its block, and its hash is gone: neither lost nor doubled. A provider's own
hours keep their counters as a hash for good; those are read by name.

Invariant: no key is read that is not listed, packed, or a provider's hour. No KEYS, no SCAN.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from tokenpulse_shared.breath import Breath
from tokenpulse_shared.counters import PROVIDER_SKETCHED, SKETCHED
from tokenpulse_shared.errors import SealedRecordError
from tokenpulse_shared.keyspace import Keyspace, parse_stamp, parse_window, stamp
from tokenpulse_shared.redis_reads import RedisReads
from tokenpulse_shared.windows.sealed_cache import SealedCache
from tokenpulse_shared.windows.series_window import Series, SeriesWindow
from tokenpulse_shared.windows.timespan import Block, Span
from tokenpulse_shared.windows.window_builder import WindowBuilder

_STAMP_LENGTH: Final = {"minute": 16, "hour": 13}


class _Read(NamedTuple):
    """Say which key to read, and what takes the reply (ValueError: it is not what it should be)."""

    command: str
    key: str
    builder: WindowBuilder
    kind: type
    absorb: Callable[[Any], None]


class WindowsReader:
    """Load windows; safe for concurrent calls on one event loop.

    With a `cache`, which remembers packed windows from one load to the next, one load at a time: of its quantities.
    """

    def __init__(self, reads: RedisReads, keyspace: Keyspace, cache: SealedCache | None = None) -> None:
        self._reads = reads
        self._keyspace = keyspace
        self._cache = cache

    async def load(
        self, wanted: Sequence[Series], span: Span, quantities: Sequence[str] = SKETCHED
    ) -> list[SeriesWindow]:
        """Return one window for each series wanted, in order, with the sketches of `quantities`.

        Raises:
            StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
        """
        opened = await self._open_windows(wanted, span)
        builders = [WindowBuilder(series, span, quantities) for series in wanted]
        blocks = list(span.blocks())
        reads = [
            read
            for builder in builders
            for read in self._plan(builder, span, blocks, opened[builder.series], quantities)
        ]
        replies = await self._reads.batch([(read.command, read.key) for read in reads], atomic=True)
        return await asyncio.to_thread(self._build, builders, reads, replies)  # 1 ms for 10 packed hours

    def _build(
        self, builders: Iterable[WindowBuilder], reads: Iterable[_Read], replies: Iterable[Any]
    ) -> list[SeriesWindow]:
        breath = Breath()
        for read, reply in zip(reads, replies, strict=True):
            self._take(read, reply)
            breath()
        return [builder.build() for builder in builders]

    async def _open_windows(self, wanted: Iterable[Series], span: Span) -> dict[Series, list[int]]:
        """Return the starts of each series' open windows within the span."""
        opened: dict[Series, list[int]] = {series: [] for series in wanted}
        providers = list(dict.fromkeys(series.provider for series in opened))
        keys = [self._keyspace.open_windows(provider) for provider in providers]
        replies = await self._reads.batch([("ZRANGE", key, 0, -1) for key in keys])
        only_providers = all(series.model is None for series in opened)
        for provider, key, reply in zip(providers, keys, replies, strict=True):
            if not self._reads.usable(key, reply, list):
                continue
            for model, start in _within(reply, span, only_providers=only_providers):
                starts = opened.get(Series(provider, model))
                if starts is not None:
                    starts.append(start)
        return opened

    def _plan(
        self,
        builder: WindowBuilder,
        span: Span,
        blocks: Iterable[Block],
        opened: Iterable[int],
        quantities: Sequence[str],
    ) -> Iterator[_Read]:
        provider, model = builder.series
        by_minute = span.granularity == "minute"
        block_key = self._keyspace.sealed_minutes if by_minute else self._keyspace.sealed_hours
        keeps_counters = model is None and not by_minute
        for block in blocks:
            key = block_key(provider, model, block.stamp)
            yield _Read("GET", key, builder, bytes, self._block_taker(builder, block, key))
        for start in span.starts if keeps_counters else opened:
            key = self._keyspace.counters(provider, model, stamp(span.granularity, start))
            yield _Read("HGETALL", key, builder, dict, _counters_taker(builder, start))
        held = PROVIDER_SKETCHED if model is None else SKETCHED
        for start in opened:
            for quantity in (quantity for quantity in quantities if quantity in held):
                key = self._keyspace.sketch(quantity, provider, model, stamp(span.granularity, start))
                yield _Read("HGETALL", key, builder, dict, _sketch_taker(builder, start, quantity))

    def _block_taker(self, builder: WindowBuilder, block: Block, key: str) -> Callable[[Any], None]:
        cache = self._cache
        if cache is None:
            return lambda data: builder.add_block(block, data)
        return lambda data: builder.add_records(block, cache.records(key, data, block.ids))

    def _take(self, read: _Read, reply: Any) -> None:
        if reply is None:
            return
        if not self._reads.usable(read.key, reply, read.kind):
            read.builder.corrupt_keys += 1
            return
        try:
            read.absorb(reply)
        except (ValueError, SealedRecordError) as error:
            read.builder.corrupt_keys += 1
            self._reads.corrupt_keys.note(read.key, error)


def _within(
    members: Iterable[bytes], span: Span, *, only_providers: bool
) -> Iterator[tuple[str | None, int]]:
    """Yield (model, start) of the members within the span; what cannot be one is skipped unparsed."""
    length = _STAMP_LENGTH[span.granularity]
    for member in members:
        if len(member) < length or (only_providers and len(member) > length):
            continue
        window = parse_window(member.decode("utf-8", "replace"))
        if window is None or len(window.stamp) != length:
            continue
        try:
            _, start = parse_stamp(window.stamp)
        except ValueError:
            continue
        if start in span.starts:
            yield window.model, start


def _counters_taker(builder: WindowBuilder, start: int) -> Callable[[Any], None]:
    return lambda fields: builder.add_counters(start, fields)


def _sketch_taker(builder: WindowBuilder, start: int, quantity: str) -> Callable[[Any], None]:
    return lambda fields: builder.add_sketch(start, quantity, fields)
