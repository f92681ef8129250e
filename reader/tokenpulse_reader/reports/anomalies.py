"""Find the hours in which a provider did what is not usual for it, pure.

Every hour is compared with a baseline made of the other hours (see `baseline`); the current hour, which is not
over, is tested but is nobody's baseline, and its traffic is not tested. `MINIMUM_REQUESTS` in the tested hour, and
in its baseline together, are needed. What is found:
- `cost_spike`, `latency_spike`, `ttft_spike`: more than twice the baseline of the hour's cost (USD), of its average
  latency, of its average time to first token (seconds);
- `high_error_rate`: provider faults among successes with faults above 10 %, critical above 25 %; needs no baseline;
- `traffic_drop`: see `traffic`.
A cost is compared where one is known. Worked: hours at 4.00 USD, one at 12.40 USD: a `cost_spike`, expected 4.0.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from tokenpulse_reader.reports.baseline import Baseline
from tokenpulse_reader.reports.traffic import traffic_drops
from tokenpulse_shared.keyspace import SECONDS_PER
from tokenpulse_shared.windows.series_window import Row, SeriesWindow

AnomalyType = Literal["cost_spike", "latency_spike", "high_error_rate", "traffic_drop", "ttft_spike"]
Severity = Literal["warning", "critical"]
ANOMALY_TYPES: Final[tuple[AnomalyType, ...]] = get_args(AnomalyType)

SPIKE_FACTOR: Final = 2.0
MINIMUM_REQUESTS: Final = 20
EXPECTED_ERROR_RATE: Final = 0.05
WARNING_ERROR_RATE: Final = 0.10
CRITICAL_ERROR_RATE: Final = 0.25
"""These five are the contract's."""

_ROUNDING: Final = 1.0 + 1e-9
"""What sums of floats may be off by: twice the baseline, exactly, is no spike."""

BASELINE_HOURS: Final = 24
"""The hours before those that are asked for, which are loaded too: a day, so that a night is compared with a night."""

_Quantity = Callable[[Row], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """Hold one hour of a provider that was not usual.

    `start`: of the hour, epoch seconds. `value`, `expected`: USD, seconds, a rate 0–1, or requests, by `type`.
    """

    type: AnomalyType
    provider: str
    start: int
    value: float
    expected: float
    severity: Severity = "warning"


def detect_anomalies(windows: Sequence[SeriesWindow], since: float = 0.0) -> list[Anomaly]:
    """Return the anomalies of hours that begin at `since` (epoch seconds) or later: newest first, then by provider.

    `windows`: one for each provider, of hours, counters suffice; all their hours are baseline.
    """
    found = [anomaly for window in windows for anomaly in _of_provider(window) if anomaly.start >= since]
    return sorted(found, key=lambda one: (-one.start, one.provider, ANOMALY_TYPES.index(one.type)))


def ongoing(anomalies: Sequence[Anomaly], now: float) -> list[Anomaly]:
    """Return those of the hour that `now` is in, or of the hour before it."""
    begin = now // SECONDS_PER["hour"] * SECONDS_PER["hour"] - SECONDS_PER["hour"]
    return [anomaly for anomaly in anomalies if anomaly.start >= begin]


def _of_provider(window: SeriesWindow) -> Iterator[Anomaly]:
    provider = window.series.provider
    for kind, quantity, counted in _SPIKES:
        yield from _spikes(window, kind, quantity, counted)
    for row in window.rows:
        judged = row.successes + row.faults
        rate = row.faults / judged if judged >= MINIMUM_REQUESTS else 0.0
        if rate > WARNING_ERROR_RATE:
            yield Anomaly(
                type="high_error_rate",
                provider=provider,
                start=row.start,
                value=rate,
                expected=EXPECTED_ERROR_RATE,
                severity="critical" if rate > CRITICAL_ERROR_RATE else "warning",
            )
    requests = {row.start: row.requests for row in window.rows}
    for start, value, expected in traffic_drops(requests, window.span, MINIMUM_REQUESTS):
        yield Anomaly(
            type="traffic_drop", provider=provider, start=start, value=float(value), expected=expected
        )


def _spikes(window: SeriesWindow, kind: AnomalyType, quantity: _Quantity, counted: str) -> Iterator[Anomaly]:
    """Yield the hours whose quantity is a spike; `counted`: the counter of the requests it rests on."""
    known = [(row, value) for row in window.rows if (value := quantity(row)) is not None]
    complete = {
        row.start: (row.count(counted), value)
        for row, value in known
        if row.start + SECONDS_PER["hour"] <= window.span.end
    }
    baseline = Baseline(value for _, value in complete.values())
    requests = sum(count for count, _ in complete.values())
    for row, value in known:
        own, held = complete.get(row.start, (0, None))
        if row.count(counted) < MINIMUM_REQUESTS or requests - own < MINIMUM_REQUESTS:
            continue
        expected = baseline.without(held)
        if expected and value > SPIKE_FACTOR * expected * _ROUNDING:
            yield Anomaly(
                type=kind, provider=window.series.provider, start=row.start, value=value, expected=expected
            )


def _known_cost_usd(row: Row) -> float | None:
    return row.cost_usd if row.requests > row.count("unpriced_requests") else None


_SPIKES: Final[tuple[tuple[AnomalyType, _Quantity, str], ...]] = (
    ("cost_spike", _known_cost_usd, "total_requests"),
    ("latency_spike", lambda row: row.mean_seconds("latency"), "latency_count"),
    ("ttft_spike", lambda row: row.mean_seconds("ttft"), "ttft_count"),
)
