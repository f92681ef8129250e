"""Turn what is known of providers into rows."""

from collections.abc import Callable, Iterator
from typing import Final

from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.families_models import cost_usd, latency_of
from tokenpulse_reader.exposition.rows import NANO_USD, Collector, Row
from tokenpulse_shared import histogram
from tokenpulse_shared.breaker import BreakerState
from tokenpulse_shared.scoring import Health
from tokenpulse_shared.totals import totals
from tokenpulse_shared.totals.totals_records import HistogramTotals

BREAKER_STATES: Final[tuple[BreakerState, ...]] = ("CLOSED", "OPEN", "HALF_OPEN")
SEVERITIES: Final = (("slow", 30.0, 45.0), ("very_slow", 45.0, 60.0), ("critical", 60.0, float("inf")))
"""Severity, seconds it lies above, seconds it goes up to; all boundaries are fine ones of latency."""

_LATENCY_BOUNDS: Final = (*histogram.LATENCY, float("inf"))
_SEVERITY_SLICES: Final = tuple(
    (severity, _LATENCY_BOUNDS.index(above) + 1, _LATENCY_BOUNDS.index(up_to) + 1)
    for severity, above, up_to in SEVERITIES
)


def _of_health(value: Callable[[Health], float | None]) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for provider, health in sorted(facts.health.items()):
            number = value(health)
            if number is not None:
                yield (provider,), number

    return collect


def _availability(health: Health) -> float | None:
    return None if health.success_rate is None else int(health.success_rate > 0)


def _error_rate(health: Health) -> float | None:
    return None if health.success_rate is None else round(1.0 - health.success_rate, 12)


def _score(health: Health) -> float | None:
    return None if health.status == "unknown" else health.score


def _response_times(facts: Facts) -> Iterator[Row]:
    merged: dict[str, HistogramTotals] = {}
    for provider, _, series in facts.totals.models:
        held = latency_of(series)
        if held is not None:
            known = merged.get(provider)
            merged[provider] = held if known is None else known.plus(held)
    for provider, held in sorted(merged.items()):
        yield (provider,), held


def _response_durations(facts: Facts) -> Iterator[Row]:
    for provider, model, series in facts.totals.models:
        for status, quantity in (("success", totals.LATENCY_SUCCESS), ("error", totals.LATENCY_ERROR)):
            held = series.histograms.get(quantity)
            if held is not None:
                yield (provider, model, status), held


def _slow_requests(facts: Facts) -> Iterator[Row]:
    for provider, model, series in facts.totals.models:
        held = latency_of(series)
        if held is not None:
            for severity, start, end in _SEVERITY_SLICES:
                yield (provider, model, severity), sum(held.counts[start:end])


def _breakers(facts: Facts) -> Iterator[Row]:
    for provider, current in sorted(facts.provider_breakers().items()):
        for state in BREAKER_STATES:
            yield (provider, state.lower()), int(state == current)


def _cost_of_last_day(facts: Facts) -> Iterator[Row]:
    if facts.last_day is not None:
        for provider, nano_usd in sorted(facts.last_day.cost_nano_usd.items()):
            yield (provider,), nano_usd / NANO_USD


def _cost(facts: Facts) -> Iterator[Row]:
    nano: dict[str, int] = {}
    for provider, _, series in facts.totals.models:
        if cost_usd(series) is not None:
            nano[provider] = nano.get(provider, 0) + series.counters.get("total_cost", 0)
    for provider, nano_usd in sorted(nano.items()):
        yield (provider,), nano_usd / NANO_USD


PROVIDER_COLLECTORS: Final[dict[str, Collector]] = {
    "gatewayz_cost_by_provider": _cost_of_last_day,
    "gatewayz_cost_by_provider_total": _cost,
    "provider_availability": _of_health(_availability),
    "provider_error_rate": _of_health(_error_rate),
    "provider_response_time_seconds": _response_times,
    "provider_response_duration_seconds": _response_durations,
    "provider_slow_requests_total": _slow_requests,
    "gatewayz_provider_health_score": _of_health(lambda health: health.composite),
    "provider_health_score": _of_health(_score),
    "health_score": _of_health(_score),
    "gatewayz_circuit_breaker_state": _breakers,
    "circuit_breaker_current_state": _breakers,
}
