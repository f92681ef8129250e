"""Load the hours in which anomalies are looked for, tell what was found."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from tokenpulse_reader.reports.anomalies import BASELINE_HOURS, Anomaly, AnomalyType, detect_anomalies
from tokenpulse_reader.reports.basis import basis
from tokenpulse_reader.reports.units import iso
from tokenpulse_shared.keyspace import stamp
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.windows.series_window import Series, SeriesWindow
from tokenpulse_shared.windows.timespan import hours_span

_UNITS: Final[dict[AnomalyType, tuple[str, str, float]]] = {
    "cost_spike": ("usd", "the cost of the hour was {0:.4g} USD, usual is {1:.4g} USD", 1.0),
    "latency_spike": ("ms", "the average latency was {0:.0f} ms, usual is {1:.0f} ms", 1000.0),
    "high_error_rate": (
        "ratio",
        "{0:.1%} of the calls failed by the provider's fault, {1:.0%} is expected",
        1.0,
    ),
    "traffic_drop": ("requests", "{0:.0f} requests came, {1:.0f} were to be expected", 1.0),
    "ttft_spike": ("ms", "the average time to first token was {0:.0f} ms, usual is {1:.0f} ms", 1000.0),
}
"""Unit at the API's edge, sentence with value and expectation in it, what makes the unit inside that one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomalyReport:
    """Hold what was found at `now`, epoch seconds, in the last `hours` hours of the clock, newest first.

    `coverage`: the part of these hours since their first data, 0–1. `corrupt_keys`: how many keys were left out.
    """

    now: float
    hours: int
    anomalies: tuple[Anomaly, ...]
    coverage: float
    corrupt_keys: int


async def load_anomalies(store: MetricsStore, hours: int = BASELINE_HOURS) -> AnomalyReport:
    """Return the anomalies of the last `hours` hours, from 1 to 168; counters only, a few round trips.

    Raises:
        StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
    """
    now = await store.now()
    windows = await load_hours(store, await store.providers(), now, hours)
    return await asyncio.to_thread(report_of, windows, now, hours)


async def load_hours(
    store: MetricsStore, providers: Sequence[str], now: float, hours: int = BASELINE_HOURS
) -> list[SeriesWindow]:
    """Return the hours of the providers, in order, that anomalies of the last `hours` hours are found in.

    At least a day, and the day before it, as baseline. `now`: epoch seconds.

    Raises:
        StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
    """
    span = hours_span(now, max(hours, BASELINE_HOURS) + BASELINE_HOURS)
    wanted = [Series(provider, None) for provider in providers]
    return [window async for page in store.series.pages(wanted, span) for window in page]


def report_of(windows: Sequence[SeriesWindow], now: float, hours: int = BASELINE_HOURS) -> AnomalyReport:
    """Return what is found in the last `hours` hours of the windows that `load_hours` gave."""
    asked = hours_span(now, hours)
    within = [row.start for window in windows for row in window.rows if row.start >= asked.begin]
    return AnomalyReport(
        now=asked.end,
        hours=hours,
        anomalies=tuple(detect_anomalies(windows, asked.begin)),
        coverage=(asked.end - min(within)) / asked.seconds if within else 0.0,
        corrupt_keys=sum(window.corrupt_keys for window in windows),
    )


def anomaly_json(anomaly: Anomaly) -> dict[str, Any]:
    """Return one anomaly; `value` and `expected` are in `unit`, `model` is null: providers are compared as a whole."""
    unit, sentence, factor = _UNITS[anomaly.type]
    value, expected = anomaly.value * factor, anomaly.expected * factor
    hour = stamp("hour", anomaly.start)
    return {
        "type": anomaly.type,
        "provider": anomaly.provider,
        "model": None,
        "hour": hour,
        "value": value,
        "expected": expected,
        "unit": unit,
        "severity": anomaly.severity,
        "message": f"{anomaly.provider}, {hour} UTC: {sentence.format(value, expected)}",
    }


def anomalies_json(report: AnomalyReport) -> dict[str, Any]:
    """Return `/anomalies`: newest first; hours without any data tell of none, not that there was none."""
    severities = [anomaly.severity for anomaly in report.anomalies]
    is_known = report.coverage > 0 or bool(severities)  # a silent provider is found by the hours before
    return {
        "timestamp": iso(report.now),
        "hours": report.hours,
        "anomalies": [anomaly_json(anomaly) for anomaly in report.anomalies],
        "total_count": len(severities) if is_known else None,
        "critical_count": severities.count("critical") if is_known else None,
        "warning_count": severities.count("warning") if is_known else None,
        **basis(report.coverage, report.corrupt_keys),
    }
