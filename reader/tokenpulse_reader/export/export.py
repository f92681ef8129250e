"""Export the windows of every model, in memory that does not depend on how much there is.

Strategy: a page of models is loaded, written and handed on before the next one is loaded. Rows come by provider, then
model, then time. Bounds: `ROWS_A_PAGE` rows in memory, of one model at least.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from tokenpulse_reader.export.export_formats import ExportFormat, Writer, make_writer
from tokenpulse_reader.export.export_range import ExportRange
from tokenpulse_reader.export.export_rows import QUANTITIES, window_rows
from tokenpulse_reader.reports.basis import basis
from tokenpulse_reader.reports.units import iso
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.windows.series_window import SeriesWindow

ROWS_A_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPart:
    """Hold the next bytes, with how far the export has come: models of all models, rows so far."""

    data: bytes
    models: int
    all_models: int
    rows: int


async def export_parts(
    store: MetricsStore, asked: ExportRange, kind: ExportFormat
) -> AsyncIterator[ExportPart]:
    """Yield the export's bytes in order.

    Raises:
        StoreUnavailableError: Redis gives no answer; what was yielded before is not the whole.
    """
    span, writer, sums = asked.span, make_writer(kind), _Sums()
    known = await store.series.known_in(span)
    most = max(1, ROWS_A_PAGE // len(span.starts))
    models, before = 0, writer.head(asked)
    async for page in store.series.pages(known, span, QUANTITIES, most=most):
        written = await asyncio.to_thread(_write, writer, page, sums)
        models += len(page)
        yield ExportPart(data=before + written, models=models, all_models=len(known), rows=sums.rows)
        before = b""
    first = span.end if sums.first_start is None else sums.first_start
    facts: dict[str, Any] = {
        "total_rows": sums.rows,
        "computed_at": iso(span.end),
        **basis((span.end - first) / span.seconds, sums.corrupt_keys),
    }
    tail = before + writer.tail(facts)
    yield ExportPart(data=tail, models=models, all_models=len(known), rows=sums.rows)


class _Sums:
    """Add up what is told of the whole."""

    def __init__(self) -> None:
        self.rows = 0
        self.corrupt_keys = 0
        self.first_start: int | None = None

    def note(self, window: SeriesWindow, rows: int) -> None:
        self.rows += rows
        self.corrupt_keys += window.corrupt_keys
        if rows:
            start = window.rows[0].start
            self.first_start = start if self.first_start is None else min(self.first_start, start)


def _write(writer: Writer, page: list[SeriesWindow], sums: _Sums) -> bytes:
    written: list[bytes] = []
    for window in page:
        rows = list(window_rows(window))
        sums.note(window, len(rows))
        written.append(writer.rows(rows))
    return b"".join(written)
