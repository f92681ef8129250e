"""Build a series' rows from the replies Redis gave: hashes of open windows, blocks of packed ones."""

from collections.abc import Collection, Iterable, Mapping

from tokenpulse_shared.counters import SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.sketch import COARSE_SCALE, FINE_SCALE, ZERO, Buckets, Sketch
from tokenpulse_shared.windows.sealed import SealedWindow, decode_block
from tokenpulse_shared.windows.series_window import Row, Series, SeriesWindow
from tokenpulse_shared.windows.timespan import Block, Span

_KNOWN = frozenset(WINDOW_COUNTERS)


def _whole(name: bytes, value: bytes) -> int:
    number = int(value)
    if number < 0:
        raise ValueError(f"field {name!r} is negative")
    return number


def decode_counters(fields: Mapping[bytes, bytes]) -> dict[str, int]:
    """Return the counters of a hash by name; names this version does not know are skipped.

    Raises:
        ValueError: a known counter is no whole number from 0.
    """
    named = ((name.decode("utf-8", "replace"), value) for name, value in fields.items())
    return {name: _whole(name.encode(), value) for name, value in named if name in _KNOWN}


def decode_sketch(fields: Mapping[bytes, bytes], scale: int) -> tuple[Buckets, int]:
    """Return (buckets, scale) of a sketch's hash; `scale` is that of a hash that names none.

    Raises:
        ValueError: an index or a count is no whole number.
    """
    buckets: Buckets = {}
    for name, value in fields.items():
        if name == b"scale":
            scale = int(value)
        else:
            buckets[ZERO if name == b"zero" else int(name)] = _whole(name, value)
    return buckets, scale


class WindowBuilder:
    """Gather one series' rows; every method adds, so the order of calls does not matter.

    `quantities`: of packed windows, whose sketches to keep.
    """

    def __init__(self, series: Series, span: Span, quantities: Collection[str] = SKETCHED) -> None:
        self.series = series
        self._quantities = quantities
        self._span = span
        self._rows: dict[int, Row] = {}
        self._scale = FINE_SCALE if span.granularity == "minute" else COARSE_SCALE
        self.corrupt_keys = 0

    def _row(self, start: int) -> Row:
        return self._rows.setdefault(start, Row(start))

    def add_counters(self, start: int, fields: Mapping[bytes, bytes]) -> None:
        """Add a hash of counters of the window that begins at `start`; ValueError when it is none."""
        self._row(start).absorb(Row(start, decode_counters(fields)))

    def add_sketch(self, start: int, quantity: str, fields: Mapping[bytes, bytes]) -> None:
        """Add a hash of a sketch of the window that begins at `start`; ValueError when it is none."""
        buckets, scale = decode_sketch(fields, self._scale)
        if buckets:
            self._row(start).absorb(Row(start, {}, {quantity: Sketch(buckets, scale)}))

    def add_block(self, block: Block, data: bytes) -> None:
        """Add the packed windows that the span covers; SealedRecordError keeps those before the fault."""
        self.add_records(block, decode_block(data, block.ids, self._quantities))

    def add_records(self, block: Block, records: Iterable[SealedWindow]) -> None:
        """Add packed windows of a block that the span covers; they are copied."""
        step = self._span.starts.step
        for record in records:
            start = block.start + record.id * step
            sketches = {name: Sketch(buckets, scale) for name, (scale, buckets) in record.sketches.items()}
            row = Row(start, dict(record.counters), sketches)
            if self._rows.setdefault(start, row) is not row:
                self._rows[start].absorb(row)

    def build(self) -> SeriesWindow:
        """Return the window of the rows that have data."""
        rows = (self._rows[start] for start in sorted(self._rows))
        return SeriesWindow(
            series=self.series,
            span=self._span,
            rows=tuple(row for row in rows if row.counters or row.sketches),
            corrupt_keys=self.corrupt_keys,
        )
