"""Boards of health scores with known numbers."""

from tokenpulse_shared.health.health_calls import Minute
from tokenpulse_shared.health.score_board import ScoreBoard, compute_board
from tokenpulse_shared.windows.series_window import Row, Series, SeriesWindow
from tokenpulse_shared.windows.timespan import minutes_span

LATENCY_SECONDS = 2.0


def minute(start: int, successes: int, faults: int, latency_seconds: float = LATENCY_SECONDS) -> Minute:
    """Return a minute whose calls took that long on average."""
    calls = successes + faults
    return Minute(start, successes, faults, round(calls * latency_seconds * 1e6), calls)


def board(now: float, term: int, **calls: tuple[int, int]) -> ScoreBoard:
    """Return a leader's board of providers with so many successes and faults in the current minute."""
    start = int(now // 60) * 60
    minutes = {provider: [minute(start, *counts)] for provider, counts in calls.items()}
    return compute_board(minutes, now, 10.0, None, source="leader", term=term)


def window(provider: str, now: float, *minutes: Minute) -> SeriesWindow:
    """Return a provider's last hour with these minutes, oldest first."""
    rows = tuple(
        Row(
            one.start,
            {
                "total_requests": one.successes + one.faults,
                "successful_requests": one.successes,
                "outcome:timeout": one.faults,
                "latency_us": one.latency_us,
                "latency_count": one.latency_count,
            },
        )
        for one in minutes
    )
    return SeriesWindow(series=Series(provider, None), span=minutes_span(now, 60), rows=rows)
