"""A provider's health as of a moment, from what it did in the last minutes."""

from dataclasses import dataclass
from typing import Final

from tokenpulse_shared.scoring import WINDOW_MINUTES, Health, compute_health
from tokenpulse_shared.series_window import Row, SeriesWindow

HEALTH_WINDOW_SECONDS: Final = WINDOW_MINUTES * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderHealth:
    """Hold the health computed at `computed_at`, epoch seconds; `row` is what it was computed from.

    `coverage`: the part of the five minutes since the first data in them, 0–1; 0 without data.
    """

    provider: str
    computed_at: float
    health: Health
    row: Row
    coverage: float


def compute_provider_health(window: SeriesWindow, acceptable_seconds: float) -> ProviderHealth:
    """Return the health over the last five complete minutes with the current one.

    `window`: the provider's, of minutes, at least that long.
    """
    begin = int(window.span.end // 60) * 60 - HEALTH_WINDOW_SECONDS
    row = window.since(begin)
    first = next((held.start for held in window.rows if held.start >= begin), window.span.end)
    return ProviderHealth(
        provider=window.series.provider,
        computed_at=window.span.end,
        health=compute_health(row.successes, row.faults, row.mean_seconds("latency"), acceptable_seconds),
        row=row,
        coverage=(window.span.end - first) / (window.span.end - begin),
    )
