"""Tests of the hourly counts by gateway."""

from tokenpulse.aggregation.gateway_aggregate import MAX_GATEWAYS, MAX_MODELS, GatewayAggregator, GatewayDelta
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


def test_gateways_keep_their_places_from_flush_to_flush() -> None:
    """The bound holds for all that a process ever sees: names that come and go take no room from others."""
    aggregator = GatewayAggregator()
    for number in range(3 * MAX_GATEWAYS):
        aggregator.fold(f"g{number}", Observation("p", "m"), _HOUR)
        aggregator.take(f"g{number}")
    aggregator.fold("g0", Observation("p", "m"), _HOUR)

    assert aggregator.waiting() == [OTHER, "g0"]
    assert aggregator.take(OTHER)[_HOUR].success == 2 * MAX_GATEWAYS


def test_a_refused_gateway_counts_as_the_rest() -> None:
    """From when Redis had no room for it; one that is called like the rest is the rest."""
    aggregator = GatewayAggregator()
    aggregator.fold("g", Observation("p", "m"), _HOUR)
    aggregator.refused.add("g")
    for gateway in ("g", "h", OTHER):
        aggregator.fold(gateway, Observation("p", "m"), _HOUR)

    assert {name: aggregator.take(name)[_HOUR].success for name in aggregator.waiting()} == {
        "g": 1,
        OTHER: 2,
        "h": 1,
    }
    assert (aggregator.name_of("g"), aggregator.name_of("h")) == (OTHER, "h")


def test_models_that_only_fail_are_not_listed() -> None:
    """Unless the app itself named them."""
    aggregator = GatewayAggregator()
    aggregator.fold("g", Observation("p", "invented", outcome="caller_error"), _HOUR)
    aggregator.fold("g", Observation("p", "named", outcome="network", names_vouched=True), _HOUR)
    aggregator.fold("g", Observation("p", "good"), _HOUR)
    aggregator.fold("g", Observation("p", "good", outcome="network"), _HOUR + 1)
    delta = aggregator.take("g")[_HOUR]

    assert delta.models == {"named": _HOUR, "good": _HOUR + 1}
    assert delta.errors == 3


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
