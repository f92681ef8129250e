"""Read windows of many series at once, a page at a time: memory depends on the page, not on how many there are."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from tokenpulse_shared.counters import WINDOW_COUNTERS
from tokenpulse_shared.windows.days_reader import DaysReader
from tokenpulse_shared.windows.index_reader import IndexReader
from tokenpulse_shared.windows.series_window import Series, SeriesWindow, WindowTotal
from tokenpulse_shared.windows.timespan import Span
from tokenpulse_shared.windows.windows_reader import WindowsReader

COMMANDS_A_PAGE: Final = 200
"""About as many as keep an event loop from its other work for less than 5 ms when they are packed or parsed."""


class SeriesReader:
    """Load windows of models by page; safe for concurrent calls on one event loop.

    Every method raises `StoreUnavailableError` when Redis gives no answer.
    """

    def __init__(self, index: IndexReader, windows: WindowsReader, days: DaysReader) -> None:
        self._index = index
        self._windows = windows
        self._days = days

    async def known(self) -> list[Series]:
        """Return every model of every provider, by provider, then model: those used within 30 days."""
        return _series(await self._index.models(await self._index.providers()))

    async def known_in(self, span: Span) -> list[Series]:
        """Return every model that may have data in the span: of days also those idle for longer."""
        if span.granularity == "day":
            return _series(await self._index.models_with_past())
        return await self.known()

    async def knows(self, series: Series) -> bool:
        """Tell whether the model was ever seen of the provider, as long as it is remembered."""
        return series.model in (await self._index.models([series.provider]))[series.provider]

    async def pages(
        self,
        wanted: Sequence[Series],
        span: Span,
        quantities: Sequence[str] = (),
        counters: Sequence[str] = WINDOW_COUNTERS,
        *,
        most: int | None = None,
    ) -> AsyncIterator[list[SeriesWindow]]:
        """Yield the windows of the series, in order, as many at a time as a page of commands reads.

        `quantities`: whose sketches come with them; days have none. `counters`: of days, which ones come.
        `most`: at most so many series at a time.
        """
        size = max(1, COMMANDS_A_PAGE // _commands(span, wanted, len(quantities)))
        size = size if most is None else min(size, most)
        for first in range(0, len(wanted), size):
            yield await self._load(wanted[first : first + size], span, quantities, counters)

    async def totals(
        self,
        wanted: Sequence[Series],
        span: Span,
        quantities: Sequence[str] = (),
        counters: Sequence[str] = WINDOW_COUNTERS,
    ) -> list[WindowTotal]:
        """Return the sum of each series' window, in order; see `pages`."""
        totals: list[WindowTotal] = []
        async for page in self.pages(wanted, span, quantities, counters):
            totals += await asyncio.to_thread(_summed, page)
        return totals

    async def window(
        self,
        series: Series,
        span: Span,
        quantities: Sequence[str] = (),
        counters: Sequence[str] = WINDOW_COUNTERS,
    ) -> SeriesWindow:
        """Return one series' window; see `pages`."""
        return (await self._load([series], span, quantities, counters))[0]

    async def _load(
        self, page: Sequence[Series], span: Span, quantities: Sequence[str], counters: Sequence[str]
    ) -> list[SeriesWindow]:
        if span.granularity == "day":
            return await self._days.load(page, span, counters)
        return await self._windows.load(page, span, quantities)


def _series(models: Mapping[str, Sequence[str]]) -> list[Series]:
    return [Series(provider, model) for provider, names in models.items() for model in names]


def _commands(span: Span, wanted: Sequence[Series], quantities: int) -> int:
    """Return about how many commands a series takes: blocks with the open window, or each window by its name."""
    by_name = span.granularity == "day" or any(series.model is None for series in wanted)
    return (len(span.starts) if by_name else len(list(span.blocks()))) + 1 + quantities


def _summed(page: list[SeriesWindow]) -> list[WindowTotal]:
    return [window.summed() for window in page]
