"""Tests of one flush, from deltas to a real Redis."""

from collections.abc import Callable

import orjson
import redis

from tests.support.clock import FakeClock
from tests.support.written import KEYS, http_counts, record_each, total
from tokenpulse.recorder import Recorder
from tokenpulse.sink import HttpExchange
from tokenpulse_shared.keyspace import stamp

_HOUR = 1_700_002_800.0

"""Start of an hour."""

MakeRecorder = Callable[..., Recorder]


class _Request:
    def __init__(self, route: str) -> None:
        self._route = route

    def http_labels(self) -> tuple[str, str]:
        return "GET", self._route


def test_every_part_of_a_call_reaches_redis(make_recorder: MakeRecorder, redis_client: redis.Redis) -> None:
    """One call is in its minute, hour, day and totals, the model's and the provider's, and in every index."""
    clock = FakeClock(time=redis_client.time()[0])
    recorder = make_recorder(clock=clock)
    record_each(recorder, "p", "m", latency_ms=500, cost=0.5, tokens_input=7, gateway="g")

    assert recorder.flush()
    for granularity in ("minute", "hour", "day"):
        at = stamp(granularity, clock.time())
        for model in ("m", None) if granularity != "day" else ("m",):
            counters = redis_client.hgetall(KEYS.counters("p", model, at))
            assert {name.decode(): int(count) for name, count in counters.items()} == {
                "total_requests": 1,
                "successful_requests": 1,
                "tokens_input": 7,
                "total_cost": 500_000_000,
                "latency_us": 500_000,
                "latency_count": 1,
                "outcome:success": 1,
                "usage:reported": 1,
            }
            assert redis_client.ttl(KEYS.counters("p", model, at)) > 0
    assert (total(redis_client, "p"), total(redis_client, "p", "m")) == (1, 1)
    now = int(clock.time())
    assert redis_client.zrange(KEYS.providers(), 0, -1, withscores=True) == [(b"p", now)]
    assert redis_client.zrange(KEYS.gateways(), 0, -1, withscores=True) == [(b"g", now)]
    assert redis_client.hgetall(KEYS.gateway_hour("g", stamp("hour", now))) == {
        b"success": b"1",
        b"latency_us": b"500000",
        b"latency_count": b"1",
    }
    assert redis_client.zrange(KEYS.gateway_models("g", stamp("hour", now)), 0, -1) == [b"m"]


def test_nothing_waits_after_a_whole_flush(make_recorder: MakeRecorder, redis_client: redis.Redis) -> None:
    """A second flush applies nothing again."""
    recorder = make_recorder()
    record_each(recorder, "p", "a", "a", "b")
    assert recorder.flush()
    assert recorder.flush()

    assert total(redis_client, "p") == 3
    assert recorder.stats()["series"] == recorder.stats()["pending_batches"] == 0


def test_own_counters_travel_with_the_http_counts(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """What the recorder counts of itself arrives, each increment once."""
    recorder = make_recorder()
    recorder.count_fault("request_body_malformed")
    recorder.count_http(HttpExchange("GET", "/a", 200, 0.1, 5, 6, None))
    recorder.flush()
    recorder.count_fault("request_body_malformed")
    recorder.count_http(HttpExchange("GET", "/a", 200, 0.1, 5, 6, None))
    recorder.flush()

    fields = http_counts(redis_client)
    assert fields["internal", "fault:request_body_malformed"] == 2
    assert fields["internal", "flushes"] == 1
    assert fields["requests", "GET", "/a", 200] == 2
    assert fields["request_bytes", "GET", "/a"] == 10


def test_requests_in_progress_are_reported(make_recorder: MakeRecorder, redis_client: redis.Redis) -> None:
    """A writer's report names what runs right now, by method and route, and is taken back to none."""
    recorder = make_recorder()
    requests = [_Request("/a"), _Request("/a"), _Request("/b")]
    recorder.in_progress.update(requests)
    recorder.flush()
    [report] = [orjson.loads(value) for value in redis_client.hvals(KEYS.writers("app"))]
    assert sorted(report["in_progress"]) == [["GET", "/a", 2], ["GET", "/b", 1]]
    assert report["stats"]["pending_batches"] == 0

    recorder.in_progress.clear()
    recorder.flush()
    [report] = [orjson.loads(value) for value in redis_client.hvals(KEYS.writers("app"))]
    assert report["in_progress"] == []
    assert 0 < redis_client.ttl(KEYS.writers("app")) <= 3600


def test_windows_out_of_retention_keep_only_their_totals(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """What is older than a window is kept counts in the totals and the day alone."""
    clock = FakeClock(time=_HOUR)
    recorder = make_recorder(clock=clock)
    record_each(recorder, "p", "m")
    clock.advance(9 * 86_400.0)
    assert recorder.flush()

    assert total(redis_client, "p", "m") == 1
    assert not redis_client.exists(KEYS.counters("p", "m", stamp("minute", _HOUR)))
    assert not redis_client.exists(KEYS.counters("p", "m", stamp("hour", _HOUR)))
    assert redis_client.exists(KEYS.counters("p", "m", stamp("day", _HOUR)))
    assert not redis_client.exists(KEYS.open_windows("p"))


def test_breakers_see_recent_calls_only(make_recorder: MakeRecorder, redis_client: redis.Redis) -> None:
    """Faults of this minute or the last open a breaker; an outage's backlog does not."""
    clock = FakeClock(time=_HOUR)
    recorder = make_recorder(clock=clock)
    record_each(recorder, "p", "old", *["old"] * 9, success=False)
    clock.advance(120.0)
    record_each(recorder, "p", *["new"] * 3, success=False)
    clock.advance(60.0)
    record_each(recorder, "p", *["new"] * 2, success=False)
    recorder.flush()

    assert not redis_client.exists(KEYS.circuit("p", "old"))
    assert redis_client.hmget(KEYS.circuit("p", "new"), "streak", "state") == [b"5", b"OPEN"]
