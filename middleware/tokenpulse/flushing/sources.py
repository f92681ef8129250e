"""Name what a flush takes from."""

from collections.abc import Callable
from typing import NamedTuple

from tokenpulse.aggregation.aggregate import Aggregator
from tokenpulse.aggregation.http_aggregate import HttpAggregator
from tokenpulse.guard import Guard


class Sources(NamedTuple):
    """Hold what a flush takes from.

    `settle` brings what is still queued into the aggregators; `in_progress` returns [(method, route, count)];
    `take_own_counters` returns what tokenpulse counted of itself since it was last called.
    """

    series: Aggregator
    http: HttpAggregator
    guard: Guard
    settle: Callable[[], None]
    in_progress: Callable[[], list[tuple[str, str, int]]]
    take_own_counters: Callable[[], dict[str, int]]
