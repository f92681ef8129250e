"""Find the minute since which a provider has behaved as it does, pure.

Evidence for a change is the log-likelihood ratio (G/2) of two success rates against one, or the same of two mean
latencies. Worked: 500 calls with 10 faults, then 5 calls with 5: 5·ln(505·5/(15·5)) + 490·ln(490·505/(500·490))
+ 10·ln(10·505/(500·15)) = 17.6 + 4.9 − 4.0 = 18.5, above `CHANGE_EVIDENCE`.
"""

from collections.abc import Iterator, Sequence
from math import log
from typing import Final

from tokenpulse_shared.health.health_calls import LATENCY_VARIATION, Calls, Minute
from tokenpulse_shared.scoring import MINIMUM_SAMPLES

CHANGE_EVIDENCE: Final = 13.0
"""Chance brings this about in one of e^13 = 440,000 comparisons, or less often."""


def last_change(minutes: Sequence[Minute]) -> int | None:
    """Return the minute since which no further change shows, epoch seconds; None without any change.

    `minutes`: those with calls, oldest first. O(minutes) for each change.
    """
    changed_at = None
    while (found := _strongest_change(minutes)) is not None:
        changed_at = found
        minutes = [minute for minute in minutes if minute.start >= found]
    return changed_at


def _strongest_change(minutes: Sequence[Minute]) -> int | None:
    whole = Calls.of(minutes)
    strongest, place = CHANGE_EVIDENCE, None
    for start, recent in _recent(minutes):
        older = whole.minus(recent)
        if min(recent.samples, older.samples) < MINIMUM_SAMPLES:
            continue
        found = max(_rate_evidence(recent, older), _latency_evidence(recent, older))
        if found >= strongest:
            strongest, place = found, start
    return place


def _recent(minutes: Sequence[Minute]) -> Iterator[tuple[int, Calls]]:
    """Yield (start, calls since then) for each minute, the newest first."""
    calls = Calls()
    for minute in reversed(minutes):
        calls = calls.plus(minute)
        yield minute.start, calls


def _rate_evidence(one: Calls, other: Calls) -> float:
    """Return the log-likelihood ratio of two success rates against one for both."""
    faults, successes = one.faults + other.faults, one.successes + other.successes
    if not faults or not successes:
        return 0.0
    samples = faults + successes
    return sum(
        count * log(count * samples / (part.samples * whole))
        for part in (one, other)
        for count, whole in ((part.successes, successes), (part.faults, faults))
        if count
    )


def _latency_evidence(one: Calls, other: Calls) -> float:
    """Return half the squared distance of the two logarithms of mean latency, in standard deviations."""
    first, second = one.average_latency_seconds, other.average_latency_seconds
    if not first or not second:
        return 0.0
    variance = LATENCY_VARIATION**2 * (1 / one.latency_count + 1 / other.latency_count)
    return log(first / second) ** 2 / variance / 2
