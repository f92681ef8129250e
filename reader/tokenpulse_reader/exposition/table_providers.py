"""Rows of the metric table on providers: their health, speed, breakers."""

from typing import Final

from tokenpulse_reader.exposition.metric import MICROSECONDS, Metric
from tokenpulse_shared import histogram

_PROVIDER: Final = ("provider",)
_WINDOW: Final = "over the last 5 minutes; absent without successes or provider faults in them."
_SCORED: Final = "absent while there are too few requests to tell."

PROVIDERS: Final[tuple[Metric, ...]] = (
    Metric(
        name="provider_availability",
        kind="gauge",
        category="providers",
        labels=_PROVIDER,
        help=f"1 when a request succeeded, 0 when there were provider faults only, {_WINDOW}",
    ),
    Metric(
        name="provider_error_rate",
        kind="gauge",
        category="providers",
        labels=_PROVIDER,
        help=f"Provider faults over successes plus provider faults, from 0 to 1, {_WINDOW}",
    ),
    Metric(
        name="provider_response_time_seconds",
        kind="histogram",
        category="providers",
        labels=_PROVIDER,
        help="Time from an inference request's arrival to the end of its answer, in seconds.",
        bounds=histogram.PROVIDER_RESPONSE_TIME,
        fine=histogram.LATENCY,
        sum_divisor=MICROSECONDS,
    ),
    Metric(
        name="provider_response_duration_seconds",
        kind="histogram",
        category="performance",
        labels=("provider", "model", "status"),
        help="Time from an inference request's arrival to the end of its answer, in seconds.",
        bounds=histogram.PROVIDER_RESPONSE_DURATION,
        fine=histogram.LATENCY,
        sum_divisor=MICROSECONDS,
    ),
    Metric(
        name="provider_slow_requests_total",
        kind="counter",
        category="performance",
        labels=("provider", "model", "severity"),
        help=(
            "Slow inference requests, each in one class: slow over 30 s, very_slow over 45 s, "
            "critical over 60 s."
        ),
    ),
    Metric(
        name="gatewayz_provider_health_score",
        kind="gauge",
        category="providers",
        labels=_PROVIDER,
        help=f"Composite of availability, error rate, latency, from 0 to 1; {_SCORED}",
    ),
    Metric(
        name="provider_health_score",
        kind="gauge",
        category="providers",
        labels=_PROVIDER,
        help=f"Health score from 0 to 100; {_SCORED}",
    ),
    Metric(
        name="health_score",
        kind="gauge",
        category="providers",
        labels=_PROVIDER,
        help=f"Health score from 0 to 100, the same as provider_health_score; {_SCORED}",
    ),
    Metric(
        name="gatewayz_circuit_breaker_state",
        kind="gauge",
        category="providers",
        labels=("provider", "state"),
        help="1 for the state of the provider's worst breaker, 0 for the others.",
    ),
    Metric(
        name="circuit_breaker_current_state",
        kind="gauge",
        category="providers",
        labels=("provider", "state"),
        help="1 for the state of the provider's worst breaker, 0 for the others.",
    ),
)
