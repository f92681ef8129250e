"""A provider's health as of a moment, from what it did in the last minutes."""

from dataclasses import dataclass
from typing import Final, Literal

from tokenpulse_shared.health.health_calls import Calls, Minute
from tokenpulse_shared.health.health_window import HealthWindow, choose_window, standard_error
from tokenpulse_shared.scoring import (
    MINIMUM_SAMPLES,
    WINDOW_MINUTES,
    Health,
    compute_health,
    edge_margin,
    status_of,
    unknown_health,
)
from tokenpulse_shared.windows.series_window import SeriesWindow

HEALTH_WINDOW_SECONDS: Final = WINDOW_MINUTES * 60
STAYS_KNOWN_SECONDS: Final = 15 * 60
"""A provider that was known stays known while this long has enough calls: else few calls would make it flap."""

HealthSource = Literal["leader", "local"]
"""Whether all readers serve it, or this process computed it for itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderHealth:
    """Hold the health computed at `computed_at`, epoch seconds, from the calls of `window`.

    `coverage`: the part of the window since the first data in it, 0–1; 0 without data. `status_since`: when the
    status became what it is, epoch seconds. `acceptable_seconds`: the parameter of the score. `last_score`: that of
    the last time the status was not `unknown`, None when it never was.
    """

    provider: str
    computed_at: float
    health: Health
    window: HealthWindow
    coverage: float
    acceptable_seconds: float
    status_since: float
    last_score: float | None
    source: HealthSource = "local"

    @property
    def is_held_by_margin(self) -> bool:
        """Tell whether the status is kept although the score alone would give another."""
        return self.health.status not in ("unknown", status_of(self.health.score))


def minutes_of(window: SeriesWindow) -> list[Minute]:
    """Return the calls that count for health, for each minute of a provider's window that has data."""
    return [Minute(row.start, row.successes, row.faults, *row.judged_latency) for row in window.rows]


def compute_provider_health(
    window: SeriesWindow, acceptable_seconds: float, previous: ProviderHealth | None = None
) -> ProviderHealth:
    """Return the health at the end of the provider's window of minutes, at best an hour long.

    `previous`: what it was before; without it a status is taken from the score alone.
    """
    return assess(window.series.provider, minutes_of(window), window.span.end, acceptable_seconds, previous)


def assess(
    provider: str,
    minutes: list[Minute],
    now: float,
    acceptable_seconds: float,
    previous: ProviderHealth | None = None,
    source: HealthSource = "local",
) -> ProviderHealth:
    """Return the health at `now`, epoch seconds, from the minutes with calls, oldest first."""
    was = "unknown" if previous is None else previous.health.status
    if is_known(minutes, now, was_known=was != "unknown"):
        chosen = choose_window(minutes, now, acceptable_seconds)
        calls = chosen.calls
        health = compute_health(
            calls.successes,
            calls.faults,
            calls.average_latency_seconds,
            acceptable_seconds,
            was,
            edge_margin(chosen.standard_error_points),
        )
    else:
        chosen = _five_minutes(minutes, now, acceptable_seconds)
        calls = chosen.calls
        health = unknown_health(calls.successes, calls.faults, calls.average_latency_seconds)
    kept = None if previous is None else previous.last_score
    return ProviderHealth(
        provider=provider,
        computed_at=now,
        health=health,
        window=chosen,
        coverage=_coverage(minutes, chosen),
        acceptable_seconds=acceptable_seconds,
        status_since=previous.status_since if previous is not None and was == health.status else now,
        last_score=kept if health.status == "unknown" else health.score,
        source=source,
    )


def is_known(minutes: list[Minute], now: float, *, was_known: bool) -> bool:
    """Tell whether there are calls enough to judge: in five minutes, in fifteen for a provider known before."""
    begin = int(now // 60) * 60 - (STAYS_KNOWN_SECONDS if was_known else HEALTH_WINDOW_SECONDS)
    return sum(one.successes + one.faults for one in minutes if one.start >= begin) >= MINIMUM_SAMPLES


def _five_minutes(minutes: list[Minute], now: float, acceptable_seconds: float) -> HealthWindow:
    begin = int(now // 60) * 60 - HEALTH_WINDOW_SECONDS
    calls = Calls.of(minute for minute in minutes if minute.start >= begin)
    return HealthWindow(
        begin=begin,
        end=now,
        calls=calls,
        reason="five_minutes",
        changed_at=None,
        standard_error_points=standard_error(calls, acceptable_seconds),
    )


def _coverage(minutes: list[Minute], window: HealthWindow) -> float:
    first = next((minute.start for minute in minutes if minute.start >= window.begin), window.end)
    return (window.end - first) / (window.end - window.begin)
