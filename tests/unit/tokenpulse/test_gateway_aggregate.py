"""Tests of the hourly counts by gateway."""

from tokenpulse.gateway_aggregate import MAX_GATEWAYS, MAX_MODELS, GatewayAggregator, GatewayDelta
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.records import Observation

_HOUR = 600
"""First minute of an hour."""


def test_folds_by_hour() -> None:
    """Successes, errors, latencies and last uses gather in the hour of their minute."""
    aggregator = GatewayAggregator()
    aggregator.fold("openrouter", Observation("p", "gpt", latency_seconds=1.5), _HOUR)
    aggregator.fold("openrouter", Observation("p", "gpt", outcome="timeout"), _HOUR + 59)
    aggregator.fold("openrouter", Observation("p", "o3", latency_seconds=0.25), _HOUR + 60)

    assert aggregator.waiting() == ["openrouter"]
    assert aggregator.take("openrouter") == {
        _HOUR: GatewayDelta(1, 1, 1_500_000, 1, {"gpt": _HOUR + 59}),
        _HOUR + 60: GatewayDelta(1, 0, 250_000, 1, {"o3": _HOUR + 60}),
    }
    assert aggregator.waiting() == []
    assert aggregator.take("openrouter") == {}


def test_gateways_are_bounded() -> None:
    """Past the bound new gateways count as `__other__`; names are made safe."""
    aggregator = GatewayAggregator()
    for number in range(MAX_GATEWAYS + 2):
        aggregator.fold(f"gateway\n{number}", Observation("p", "m"), _HOUR)

    assert aggregator.waiting() == [*(f"gateway\ufffd{number}" for number in range(MAX_GATEWAYS)), OTHER]
    assert aggregator.take(OTHER)[_HOUR].success == 2


def test_models_of_a_gateway_are_bounded() -> None:
    """Past the bound models are not remembered, their requests count; a known model's last use goes on."""
    aggregator = GatewayAggregator()
    for number in range(MAX_MODELS + 5):
        aggregator.fold("g", Observation("p", f"m{number}"), _HOUR)
    aggregator.fold("g", Observation("p", "m0"), _HOUR + 1)
    delta = aggregator.take("g")[_HOUR]

    assert delta.success == MAX_MODELS + 6
    assert len(delta.models) == MAX_MODELS
    assert delta.models["m0"] == _HOUR + 1
