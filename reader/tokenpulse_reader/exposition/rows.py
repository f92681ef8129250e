"""What families are made of before they are text."""

from collections.abc import Callable, Iterable
from typing import Final

from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_shared.totals_records import HistogramTotals

Labels = tuple[str, ...]
"""Label values, in the order of the metric's `labels`."""
Value = int | float | HistogramTotals
Row = tuple[Labels, Value]
Collector = Callable[[Facts], Iterable[Row]]
"""Yield a metric's rows in a stable order; what is not known has no row."""

NANO_USD: Final = 1_000_000_000
