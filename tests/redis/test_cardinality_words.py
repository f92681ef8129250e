"""Tests that words which are new each time stay bounded over a whole fleet: finish reasons, errors, routes, gateways."""

from collections.abc import Callable
from typing import cast

import redis

from tests.support.written import KEYS, http_counts
from tokenpulse.recorder import Recorder
from tokenpulse.sink import HttpExchange
from tokenpulse_shared.records import Observation

MakeRecorder = Callable[..., Recorder]


def _finished(reason: str) -> Observation:
    return Observation("p", "m", finish_reason=reason)


def _failed(error_type: str) -> Observation:
    return Observation("p", "m", outcome="network", error_type=error_type)


def _invented(model: str, gateway: str) -> Observation:
    return Observation("p", model, outcome="caller_error", gateway=gateway)


def _http_requests(client: redis.Redis) -> dict[str, int]:
    """Return the exchanges of app `app` by route."""
    counted: dict[str, int] = {}
    for labels, count in http_counts(client).items():
        if labels[0] == "requests":
            counted[str(labels[2])] = counted.get(str(labels[2]), 0) + count
    return counted


def test_words_of_an_upstream_are_bounded_over_all_writers(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """Finish reasons and error types that are new each time: a hash takes a thousand fields, whoever writes."""
    sent = 0
    for writer in range(30):
        recorder = make_recorder()
        for number in range(60):
            recorder.observe(_finished(f"reason-{writer}-{number}"))
            recorder.observe(_failed(f"type-{writer}-{number}"))
            sent += 1
        assert recorder.flush()
    fields = cast("dict[bytes, bytes]", redis_client.hgetall(KEYS.totals("p", "m")))
    finishes = {name: int(count) for name, count in fields.items() if name.startswith(b"finish:")}
    errors = {name: int(count) for name, count in fields.items() if name.startswith(b"error:")}

    assert len(fields) <= 1_002
    assert sum(finishes.values()) == sum(errors.values()) == sent == 1_800
    assert finishes[b"finish:other"] > 0
    assert errors[b"error:other"] > 0
    assert fields[b"finish:reason-0-0"] == b"1"

    recorder.observe(_finished("reason-0-0"))
    assert recorder.flush()

    assert redis_client.hget(KEYS.totals("p", "m"), "finish:reason-0-0") == b"2"


def test_routes_are_bounded_over_all_writers(make_recorder: MakeRecorder, redis_client: redis.Redis) -> None:
    """Apps that make routes as they go: the fleet keeps so many, the rest is one, and exchanges add up."""
    for writer in range(5):
        recorder = make_recorder(max_routes=10)
        for number in range(20):
            recorder.count_http(HttpExchange("GET", f"/{writer}/{number}", 200, 0.1, 5, 7, None))
        recorder.count_http(HttpExchange("GET", "__unmatched__", 404, 0.1, 5, 7, None))
        assert recorder.flush()
    counts = _http_requests(redis_client)

    assert sum(counts.values()) == 5 * 21
    assert len(counts) == 10 + 2
    assert counts["__unmatched__"] == 5
    assert counts["__other__"] == 5 * 20 - 10
    assert {route.decode() for route in redis_client.zrange(KEYS.routes("app"), 0, -1)} == {
        f"/0/{number}" for number in range(10)
    }


def test_gateways_are_bounded_over_all_writers(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """Gateways that are new each time: the index lists fifty, requests add up, and their models are real series."""
    for writer in range(4):
        recorder = make_recorder()
        for turn in range(10):
            for number in range(40):
                recorder.record(provider="p", model="m", gateway=f"g-{writer}-{turn}-{number}")
            recorder.observe(_invented(f"invented-{writer}-{turn}", gateway=f"g-{writer}-0-0"))
            assert recorder.flush()
    listed = redis_client.zrange(KEYS.gateways(), 0, -1)
    hours = list(redis_client.scan_iter("tokenpulse:gateway:*"))
    models = {
        name
        for key in redis_client.scan_iter("tokenpulse:gateway_models:*")
        for name in redis_client.zrange(key, 0, -1)
    }

    assert len(listed) == 50
    assert sum(int(redis_client.hget(key, "success") or 0) for key in hours) == 4 * 10 * 40
    assert len(hours) <= 4 * 51
    assert models == {b"m"}
