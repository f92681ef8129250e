"""What families are made of before they are text."""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_shared.totals.totals_records import HistogramTotals


class SummaryTotals(NamedTuple):
    """Hold a summary without quantiles: how many values, their sum before `Metric.sum_divisor`."""

    value_count: int
    sum: int


Labels = tuple[str, ...]
"""Label values, in the order of the metric's `labels`."""
Value = int | float | HistogramTotals | SummaryTotals
Row = tuple[Labels, Value]
Collector = Callable[[Facts], Iterable[Row]]
"""Yield a metric's rows in a stable order; what is not known has no row."""

NANO_USD: Final = 1_000_000_000
