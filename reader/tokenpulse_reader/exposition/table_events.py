"""Rows of the metric table on what happens to providers: moves of their breakers, anomalies."""

from typing import Final

from tokenpulse_reader.exposition.metric import Kind, Metric


def _breaker(name: str, labels: tuple[str, ...], text: str) -> Metric:
    return Metric(
        name=f"circuit_breaker_{name}",
        kind="counter",
        category="providers",
        labels=("provider", *labels),
        help=f"{text}, over all breakers of the provider.",
    )


def _anomalies(name: str, kind: Kind, text: str) -> Metric:
    return Metric(
        name=name,
        kind=kind,
        category="providers",
        labels=("type",),
        help=f"{text}, by type; error_surge is high_error_rate, unusual_pattern is traffic_drop under older names.",
        is_untyped_in_openmetrics=kind == "counter",
    )


EVENTS: Final[tuple[Metric, ...]] = (
    _breaker("state_transitions_total", ("from_state", "to_state"), "Moves from one state to another"),
    _breaker("failures_total", ("state",), "Provider faults by the state their breaker was in"),
    _breaker("successes_total", ("state",), "Successes by the state their breaker was in"),
    _breaker("rejected_requests_total", (), "Calls that were turned away"),
    _anomalies(
        "gatewayz_detected_anomalies",
        "gauge",
        "Hours of providers that are not usual: this one or the one before",
    ),
    _anomalies(
        "gatewayz_detected_anomalies_total", "counter", "Hours of providers that were not usual, each once"
    ),
)
