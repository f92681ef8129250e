"""Find the hours in which far fewer requests came than should have, pure.

Traffic falls every night, so less than the mean is not yet a drop. An hour is one when it has less than half of each
of these: the baseline of the other hours (see `baseline`); the last hour before it that was no drop itself, for a
drop is sudden; the same hour of the day before, where that is known, for offices close every evening. The least of
the three is what was expected. Worked: 100 requests an hour day and night, then 30: the three are 100, 30 is a drop.

An hour without any request counts as 0, from the first hour with data on. The current hour is not over: not tested.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from tokenpulse_reader.reports.baseline import Baseline
from tokenpulse_shared.keyspace import SECONDS_PER
from tokenpulse_shared.windows.timespan import Span

DROP_FACTOR: Final = 0.5
_DAY_HOURS: Final = 24


class Drop(NamedTuple):
    """Hold an hour that dropped: its start (epoch seconds), its requests, those that were expected."""

    start: int
    requests: int
    expected: float


def traffic_drops(requests: Mapping[int, int], span: Span, minimum_requests: int) -> Iterator[Drop]:
    """Yield the hours of `span` that dropped, oldest first.

    `requests`: by the hour's start, epoch seconds. `minimum_requests`: fewer expected than these are no drop.
    """
    starts = [
        start
        for start in span.starts
        if start >= min(requests, default=start + 1) and start + SECONDS_PER["hour"] <= span.end
    ]
    counts = [requests.get(start, 0) for start in starts]
    baseline = Baseline(counts)
    before: int | None = None
    for place, count in enumerate(counts):
        expected = _expected(counts, place, before, baseline.without(count))
        if expected >= minimum_requests and count < DROP_FACTOR * expected:
            yield Drop(starts[place], count, expected)
        else:
            before = count


def _expected(counts: Sequence[int], place: int, before: int | None, baseline: float | None) -> float:
    """Return how many requests were to be expected; 0 when there is nothing to tell from."""
    if before is None or baseline is None:
        return 0.0
    yesterday = counts[place - _DAY_HOURS] if place >= _DAY_HOURS else before
    return min(baseline, float(before), float(yesterday))
