"""Turn moves of breakers and anomalies into rows."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.families_readers import counted
from tokenpulse_reader.exposition.rows import Collector, Row
from tokenpulse_reader.reports.anomalies import ANOMALY_TYPES
from tokenpulse_shared.breaker import BreakerState
from tokenpulse_shared.circuits.circuit_counters import CircuitCounters

ALIASES: Final = {"error_surge": "high_error_rate", "unusual_pattern": "traffic_drop"}
"""Names that dashboards know → the type they stand for."""
_TYPES: Final[dict[str, str]] = {**{name: name for name in ANOMALY_TYPES}, **ALIASES}


def _moves(facts: Facts) -> Iterator[Row]:
    for provider, held in sorted(facts.breaker_counters.items()):
        for (before, after), count in sorted(held.moves.items()):
            yield (provider, before.lower(), after.lower()), count


def _calls(of: Callable[[CircuitCounters], Mapping[BreakerState, int]]) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for provider, held in sorted(facts.breaker_counters.items()):
            for state, count in sorted(of(held).items()):
                yield (provider, state.lower()), count

    return collect


def _rejected(facts: Facts) -> Iterator[Row]:
    for provider, held in sorted(facts.breaker_counters.items()):
        yield (provider,), held.rejected


def _ongoing(facts: Facts) -> Iterator[Row]:
    if facts.anomalies is not None:
        for name, kind in _TYPES.items():
            yield (name,), facts.anomalies.get(kind, 0)


def _detected(facts: Facts) -> Iterator[Row]:
    if facts.readers is not None:
        counts = counted(facts, "anomaly")
        for name, kind in _TYPES.items():
            yield (name,), counts.get(kind, 0)


EVENT_COLLECTORS: Final[dict[str, Collector]] = {
    "circuit_breaker_state_transitions_total": _moves,
    "circuit_breaker_failures_total": _calls(lambda held: held.failures),
    "circuit_breaker_successes_total": _calls(lambda held: held.successes),
    "circuit_breaker_rejected_requests_total": _rejected,
    "gatewayz_detected_anomalies": _ongoing,
    "gatewayz_detected_anomalies_total": _detected,
}
