"""Tests of the operations that deltas become."""

from typing import Any

import orjson

from tokenpulse.aggregation.aggregate import Aggregator
from tokenpulse.aggregation.gateway_aggregate import GatewayDelta
from tokenpulse.aggregation.provider_delta import ProviderDelta
from tokenpulse.batches.batch import (
    CALLS_ARE_RECENT_SECONDS,
    HOUR_SKETCH_FIELDS,
    ProviderBatch,
    gateway_batch,
    http_batch,
)
from tokenpulse.batches.operations import Calls
from tokenpulse_shared.counters import MAX_COUNT, SKETCHED
from tokenpulse_shared.keyspace import DAY_RETENTION_SECONDS, Keyspace
from tokenpulse_shared.records import InterTokenLatency, Observation, Outcome
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


def test_what_no_window_keeps_any_more_still_counts_in_the_totals() -> None:
    """Nine days back neither minute nor hour is kept: no window is written or opened; day and totals are."""
    operations, _ = _built(_delta((_NOW - 9 * 86_400, _call())))

    assert _increments(operations).keys() == {
        _KEYS.counters("p", "m", "2023-11-05"),
        _KEYS.totals("p", "m"),
        _KEYS.totals("p"),
    }
    assert [key for key, *_ in operations["scores"]] == [_KEYS.models("p")]
    assert operations["sketches"] == []


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


def test_a_provider_as_a_whole_keeps_two_sketches() -> None:
    """A model has a sketch for each time that is known; of its provider only latency and first token are kept."""
    observation = Observation(
        "p", "m", latency_seconds=2.0, ttfb_seconds=0.25, ttft_seconds=0.5, first_visible_seconds=0.75,
        tpot_seconds=0.01, send_wait_seconds=0.001, itl=InterTokenLatency(0.3, 3, ((-105, 1), (-104, 2))),
    )  # fmt: skip
    operations, _ = _built(_delta((_NOW, observation)))
    keys = {key for key, *_ in operations["sketches"]}
    sketches = {key: buckets for key, _, scale, _, buckets in operations["sketches"] if scale == FINE_SCALE}

    at, hour = "2023-11-14:23:03", "2023-11-14:23"
    assert keys == {
        *(_KEYS.sketch(quantity, "p", "m", window) for quantity in SKETCHED for window in (at, hour)),
        *(
            _KEYS.sketch(quantity, "p", None, window)
            for quantity in ("latency", "ttft")
            for window in (at, hour)
        ),
    }
    assert sketches[_KEYS.sketch("itl", "p", "m", at)] == {"-105": 1, "-104": 2}
    assert _increments(operations)[_KEYS.counters("p", None, at)]["itl_count"] == 3


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
    assert [(key, *rest[2:5]) for key, *rest in operations["calls"]] == [
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
