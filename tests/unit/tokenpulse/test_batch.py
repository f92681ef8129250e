"""Tests of the operations that deltas become."""

from typing import Any

import orjson

from tokenpulse.aggregate import Aggregator, ProviderDelta
from tokenpulse.batch import (
    CALLS_ARE_RECENT_SECONDS,
    HOUR_SKETCH_FIELDS,
    Calls,
    ProviderBatch,
    gateway_batch,
    http_batch,
    totals_fields,
)
from tokenpulse.deltas import SeriesDelta
from tokenpulse.gateway_aggregate import GatewayDelta
from tokenpulse_shared.counters import MAX_COUNT
from tokenpulse_shared.keyspace import DAY_RETENTION_SECONDS, Keyspace
from tokenpulse_shared.records import Observation, Outcome
from tokenpulse_shared.sketch import COARSE_SCALE, FINE_SCALE, ZERO, bucket_index, rescaled

_KEYS = Keyspace()
_NOW = 1_700_003_000.0
"""2023-11-14T23:03:20Z"""


def _delta(*arrivals: tuple[float, Observation]) -> ProviderDelta:
    aggregator = Aggregator(max_providers=1, max_models=10)
    for at, observation in arrivals:
        aggregator.fold(observation, at)
    delta = aggregator.take("p")
    assert delta is not None
    return delta


def _built(delta: ProviderDelta) -> tuple[dict[str, list[Any]], list[Calls]]:
    payload, calls = ProviderBatch(_KEYS, "p", _NOW).build(delta)
    return orjson.loads(payload), calls


def _increments(operations: dict[str, list[Any]]) -> dict[str, dict[str, int]]:
    return {key: fields for key, _, fields in operations["increments"]}


def _call(outcome: Outcome = "success", model: str = "m") -> Observation:
    return Observation("p", model, outcome=outcome)


def test_totals_have_every_histogram_under_its_labels() -> None:
    """Each count stands under its quantity, its upper bound's text and its endpoint; sums beside; zeros nowhere."""
    delta = SeriesDelta()
    delta.fold(
        Observation(
            "p", "m", streaming=True, latency_seconds=2.0, ttfb_seconds=0.5, ttft_seconds=0.6, tokens_output=100,
            cost_nano_usd=2_000_000, endpoint="chat", finish_reason="stop",
        )
    )  # fmt: skip
    delta.fold(Observation("p", "m", outcome="timeout", latency_seconds=1e6, finish_reason="stop"))

    assert totals_fields(delta) == {
        "total_requests": 2,
        "successful_requests": 1,
        "failed_requests": 1,
        "tokens_output": 100,
        "total_cost": 2_000_000,
        "latency_us": 1_000_002_000_000,
        "latency_count": 2,
        "ttft_us": 600_000,
        "ttft_count": 1,
        "unpriced_requests": 1,
        "outcome:success": 1,
        "outcome:timeout": 1,
        "usage:unknown": 2,
        "latency_success:2": 1,
        "latency_success_us": 2_000_000,
        "latency_error:+Inf": 1,
        "latency_error_us": 1_000_000_000_000,
        "ttft:0.75": 1,
        "cost:0.005": 1,
        "cost_per_1k:0.05": 1,
        "cost_per_1k_nano": 20_000_000,
        "ttfb:0.5:chat": 1,
        "ttfb_us:chat": 500_000,
        "streaming:1.5:chat": 1,
        "streaming_us:chat": 1_500_000,
        "finish:stop": 2,
    }


def test_sums_are_bounded() -> None:
    """No increment is larger than what Lua and JSON keep exactly."""
    delta = SeriesDelta()
    delta.counters = [MAX_COUNT + 5] * len(delta.counters)
    delta.latency_success_us = delta.latency_error_us = delta.cost_per_1k_nano = 2**70

    assert set(totals_fields(delta).values()) == {MAX_COUNT}


def test_windows_of_two_hours_and_days() -> None:
    """Minutes keep their minute, their sums go to hour, day and totals; the provider's is the sum of its models'."""
    before, after = _NOW - 300, _NOW + 3600  # 22:58:20 and 00:03:20 the next day
    operations, _ = _built(_delta((before, _call()), (after, _call()), (after, _call(model="n"))))
    requests = {key: fields["total_requests"] for key, fields in _increments(operations).items()}

    def key(model: str | None, at: str) -> str:
        return _KEYS.counters("p", model, at)

    assert requests == {
        key("m", "2023-11-14:22:58"): 1,
        key(None, "2023-11-14:22:58"): 1,
        key("m", "2023-11-15:00:03"): 1,
        key("n", "2023-11-15:00:03"): 1,
        key(None, "2023-11-15:00:03"): 2,
        key("m", "2023-11-14:22"): 1,
        key(None, "2023-11-14:22"): 1,
        key("m", "2023-11-15:00"): 1,
        key("n", "2023-11-15:00"): 1,
        key(None, "2023-11-15:00"): 2,
        key("m", "2023-11-14"): 1,
        key("m", "2023-11-15"): 1,
        key("n", "2023-11-15"): 1,
        _KEYS.totals("p", "m"): 2,
        _KEYS.totals("p", "n"): 1,
        _KEYS.totals("p"): 3,
    }
    lifetimes = {key: ttl for key, ttl, _ in operations["increments"]}
    assert lifetimes[key("m", "2023-11-14:22:58")] == str(7200 - 300 + 60 - 20)
    assert lifetimes[key("m", "2023-11-14")] == str(DAY_RETENTION_SECONDS)
    [models, windows] = operations["scores"]
    assert models == [_KEYS.models("p"), models[1], {"m": _NOW, "n": _NOW}]
    assert windows[0] == _KEYS.open_windows("p")
    assert len(windows[2]) == 10
    assert windows[2]["m:2023-11-14:22:58"] == _NOW - 300 + 40 + 30
    assert windows[2]["2023-11-14:22"] == _NOW - 200 + 30


def test_hours_of_an_outage_join_the_hours_of_minutes() -> None:
    """What was coarsened into its hour and what is still in minutes of that hour add up; minutes are not made up."""
    arrivals = [(_NOW + 60 * minute, _call()) for minute in range(30)]
    operations, _ = _built(_delta(*arrivals))
    increments = _increments(operations)

    assert increments[_KEYS.counters("p", "m", "2023-11-14:23")]["total_requests"] == 30
    assert increments[_KEYS.totals("p", "m")]["total_requests"] == 30
    minutes = [key for key in increments if key.startswith(_KEYS.counters("p", "m", "2023-11-14:23:"))]
    assert len(minutes) == 10


def test_sketches_are_fine_in_minutes_and_coarse_in_hours() -> None:
    """Minutes keep scale 5 without a limit, hours scale 4 within the compact size; zero has its own field."""
    delta = _delta(
        (_NOW, Observation("p", "m", latency_seconds=0.0)),
        (_NOW, Observation("p", "m", latency_seconds=2.5)),
    )
    operations, _ = _built(delta)
    sketches = {key: rest for key, *rest in operations["sketches"]}

    index = bucket_index(2.5)
    coarse = rescaled({index: 1, ZERO: 1}, FINE_SCALE, COARSE_SCALE)
    [hour_index] = [index for index in coarse if index != ZERO]
    for model in ("m", None):
        minute = sketches[_KEYS.sketch("latency", "p", model, "2023-11-14:23:03")]
        hour = sketches[_KEYS.sketch("latency", "p", model, "2023-11-14:23")]
        assert minute[1:] == [FINE_SCALE, 0, {"zero": 1, str(index): 1}]
        assert hour[1:] == [COARSE_SCALE, HOUR_SKETCH_FIELDS, {"zero": 1, str(hour_index): 1}]
    assert len(sketches) == 4


def test_errors_travel_oldest_first() -> None:
    """The list's items are JSON, in the order in which they arrived."""
    operations, _ = _built(
        _delta(
            *((_NOW, Observation("p", "m", outcome="network", error_message=text)) for text in ("one", "two"))
        )
    )

    [[key, ttl, kept, items]] = operations["lists"]
    assert (key, ttl, kept) == (_KEYS.errors("p"), "3600", 100)
    assert [orjson.loads(item)["error"] for item in items] == ["one", "two"]


def test_recent_calls_reach_the_breaker_with_their_row_of_faults() -> None:
    """Calls of the minutes a breaker judges add up over them, in order; callers' errors are no calls."""
    operations, calls = _built(
        _delta(
            (_NOW - 20 - CALLS_ARE_RECENT_SECONDS - 60, _call("timeout")),
            (_NOW - 20, _call("timeout")),
            (_NOW - 20, _call("success", "good")),
            (_NOW - 20, _call("caller_error", "misused")),
            (_NOW, _call("timeout")),
            (_NOW, _call("network", "good")),
        )
    )

    assert calls == [Calls("m", 0, 2, 2), Calls("good", 1, 1, 1)]
    assert [(key, *rest[2:]) for key, *rest in operations["calls"]] == [
        (_KEYS.circuit("p", "m"), 0, 2, 2),
        (_KEYS.circuit("p", "good"), 1, 1, 1),
    ]


def test_a_success_in_a_later_minute_ends_the_row() -> None:
    """Only faults after the last success are in a row."""
    arrivals = [("timeout", -60.0), ("timeout", -60.0), ("success", 0.0), ("timeout", 0.0)]
    _, calls = _built(_delta(*((_NOW + 30 + seconds, _call(outcome)) for outcome, seconds in arrivals)))

    assert calls == [Calls("m", 1, 3, 1)]


def test_http_counts_go_to_one_hash() -> None:
    """An app's fields are one operation, bounded."""
    operations = orjson.loads(http_batch(_KEYS, "app", {"a": 3, "b": 2**60}))

    assert _increments(operations) == {_KEYS.http_totals("app"): {"a": 3, "b": MAX_COUNT}}


def test_gateway_hours_leave_zeros_out() -> None:
    """Each hour is a hash and an index of its models by last use."""
    hours = {28_333_380: GatewayDelta(2, 0, 2**60, 2, {"m": 28_333_381})}
    operations = orjson.loads(gateway_batch(_KEYS, "g", hours))

    at = "2023-11-14:23"
    assert _increments(operations) == {
        _KEYS.gateway_hour("g", at): {"success": 2, "latency_us": MAX_COUNT, "latency_count": 2}
    }
    [[key, _, members]] = operations["scores"]
    assert (key, members) == (_KEYS.gateway_models("g", at), {"m": 28_333_381 * 60.0})
