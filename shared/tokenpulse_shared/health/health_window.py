"""Choose the minutes whose calls a health score is computed from, pure.

Strategy: five minutes, the published window, with two corrections.
- Shorter after a change: when the calls since some minute differ from those before it by more than chance explains
  (`health_changes`), the window begins there, without the minute of the change itself as soon as there are calls after
  it. So a provider that dies is not judged by what it did before.
- Longer while there are few calls: as long as the score's standard error is above `SETTLED_POINTS`, the window grows
  back, a minute at a time, up to an hour, never past such a change. So a score does not move with every call.

Invariant: window and formula together give the score: nothing is averaged over older scores.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final, Literal

from tokenpulse_shared.health.health_calls import LATENCY_VARIATION, Calls, Minute
from tokenpulse_shared.health.health_changes import last_change
from tokenpulse_shared.scoring import ACCEPTABLE_LATENCY_SECONDS, MINIMUM_SAMPLES, WINDOW_MINUTES

LONGEST_MINUTES: Final = 60
"""How far back a window may grow: as far as the snapshot's own minutes reach."""
SETTLED_POINTS: Final = 0.7
"""Two scores of separate windows, each with this standard error, differ by 5 points once in two million times."""

WindowReason = Literal["five_minutes", "change", "few_calls", "few_calls_since_change"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthWindow:
    """Hold the calls from `begin` to `end`, epoch seconds, and why it is these.

    `changed_at`: the minute in which the provider began to behave otherwise; None when the last hour shows no change.
    `standard_error_points`: how far chance moves the score; None without calls.
    """

    begin: int
    end: float
    calls: Calls
    reason: WindowReason
    changed_at: int | None
    standard_error_points: float | None


def standard_error(calls: Calls, acceptable_seconds: float = ACCEPTABLE_LATENCY_SECONDS) -> float | None:
    """Return the standard error of the score over the calls, in points; None without calls.

    The rate is taken with one success and one fault more, so that a few calls without a fault are not certain.
    """
    if not calls.samples:
        return None
    rate = (calls.faults + 1) / (calls.samples + 2)
    latency = min((calls.average_latency_seconds or 0.0) / acceptable_seconds, 1.0)
    return sqrt((70.0**2 * rate * (1.0 - rate) + (30.0 * LATENCY_VARIATION * latency) ** 2) / calls.samples)


def choose_window(
    minutes: Sequence[Minute], end: float, acceptable_seconds: float = ACCEPTABLE_LATENCY_SECONDS
) -> HealthWindow:
    """Return the window that ends at `end`, epoch seconds.

    `minutes`: those with calls, oldest first; what is older than an hour is not looked at. O(minutes).
    """
    current = int(end // 60) * 60
    minutes = [minute for minute in minutes if minute.start >= current - LONGEST_MINUTES * 60]
    changed_at = last_change(minutes)
    earliest = current - LONGEST_MINUTES * 60 if changed_at is None else _settled(changed_at, minutes)
    begin = max(current - WINDOW_MINUTES * 60, earliest)
    calls = Calls.of(minute for minute in minutes if minute.start >= begin)
    reason: WindowReason = "five_minutes" if begin == current - WINDOW_MINUTES * 60 else "change"
    for minute in reversed([minute for minute in minutes if earliest <= minute.start < begin]):
        error = standard_error(calls, acceptable_seconds)
        if error is not None and error <= SETTLED_POINTS:
            break
        calls, begin = calls.plus(minute), minute.start
        reason = "few_calls" if changed_at is None else "few_calls_since_change"
    return HealthWindow(
        begin=begin,
        end=end,
        calls=calls,
        reason=reason,
        changed_at=changed_at,
        standard_error_points=standard_error(calls, acceptable_seconds),
    )


def _settled(changed_at: int, minutes: Sequence[Minute]) -> int:
    """Return the minute after the one of the change, which belongs to neither side, once that has calls enough."""
    after = Calls.of(minute for minute in minutes if minute.start > changed_at)
    return changed_at + 60 if after.samples >= MINIMUM_SAMPLES else changed_at
