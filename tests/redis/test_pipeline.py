"""Tests of one flush, from deltas to a real Redis, in good and bad times."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
import redis

from tests.support.clock import FakeClock
from tests.support.redis_server import RedisServer
from tokenpulse.aggregate import FINE_MINUTES
from tokenpulse.recorder import Recorder
from tokenpulse.sink import HttpExchange
from tokenpulse_shared.keyspace import Keyspace, stamp
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.totals import http_labels

_KEYS = Keyspace()
_HOUR = 1_700_002_800.0
"""Start of an hour."""

MakeRecorder = Callable[..., Recorder]


@pytest.fixture
def make_recorder(redis_url: str) -> Iterator[MakeRecorder]:
    """Give a maker of recorders without a thread: they flush only when told."""
    made: list[Recorder] = []

    def make(url: str = redis_url, **given: Any) -> Recorder:
        recorder = Recorder(url, **given)
        recorder._started = True  # no thread: each flush is the test's own
        made.append(recorder)
        return recorder

    yield make
    for recorder in made:
        recorder._client.close()


def _record(recorder: Recorder, provider: str, *models: str, **given: Any) -> None:
    for model in models:
        recorder.record(provider=provider, model=model, **given)


def _total(
    client: redis.Redis, provider: str, model: str | None = None, field: str = "total_requests"
) -> int:
    return int(client.hget(_KEYS.totals(provider, model), field) or 0)


def _models(client: redis.Redis, provider: str) -> set[str]:
    return {name.decode() for name in client.zrange(_KEYS.models(provider), 0, -1)}


def _http(client: redis.Redis) -> dict[tuple[str | int, ...], int]:
    fields = client.hgetall(_KEYS.http_totals("app"))
    labelled = {http_labels(name): count for name, count in fields.items()}
    return {labels: int(count) for labels, count in labelled.items() if labels is not None}


def test_every_part_of_a_call_reaches_redis(make_recorder: MakeRecorder, redis_client: redis.Redis) -> None:
    """One call is in its minute, hour, day and totals, the model's and the provider's, and in every index."""
    clock = FakeClock(time=redis_client.time()[0])
    recorder = make_recorder(clock=clock)
    _record(recorder, "p", "m", latency_ms=500, cost=0.5, tokens_input=7, gateway="g")

    assert recorder.flush()
    for granularity in ("minute", "hour", "day"):
        at = stamp(granularity, clock.time())
        for model in ("m", None) if granularity != "day" else ("m",):
            counters = redis_client.hgetall(_KEYS.counters("p", model, at))
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
            assert redis_client.ttl(_KEYS.counters("p", model, at)) > 0
    assert (_total(redis_client, "p"), _total(redis_client, "p", "m")) == (1, 1)
    now = int(clock.time())
    assert redis_client.zrange(_KEYS.providers(), 0, -1, withscores=True) == [(b"p", now)]
    assert redis_client.zrange(_KEYS.gateways(), 0, -1, withscores=True) == [(b"g", now)]
    assert redis_client.hgetall(_KEYS.gateway_hour("g", stamp("hour", now))) == {
        b"success": b"1",
        b"latency_us": b"500000",
        b"latency_count": b"1",
    }
    assert redis_client.zrange(_KEYS.gateway_models("g", stamp("hour", now)), 0, -1) == [b"m"]


def test_nothing_waits_after_a_whole_flush(make_recorder: MakeRecorder, redis_client: redis.Redis) -> None:
    """A second flush applies nothing again."""
    recorder = make_recorder()
    _record(recorder, "p", "a", "a", "b")
    assert recorder.flush()
    assert recorder.flush()

    assert _total(redis_client, "p") == 3
    assert recorder.stats()["series"] == recorder.stats()["pending_batches"] == 0


def test_model_cap_is_shared_by_two_writers(make_recorder: MakeRecorder, redis_client: redis.Redis) -> None:
    """Two writers agree on which models are series; the rest count under one name, totals stay exact."""
    one, other = (make_recorder(max_models_per_provider=3) for _ in range(2))
    _record(one, "p", "a", "b", "x1", "a")
    one.flush()
    _record(other, "p", "b", "x2", "x3", "c")
    _record(one, "p", "x4", "c")
    assert other.flush()
    assert one.flush()

    counts = {name: _total(redis_client, "p", name) for name in _models(redis_client, "p")}
    assert counts == {"a": 2, "b": 2, "x1": 1, OTHER: 5}
    assert _total(redis_client, "p") == 10
    assert one.stats()["counts"]["overflow:model"] == 2
    assert other.stats()["counts"]["overflow:model"] == 3


def test_provider_cap_counts_the_rest_as_other(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """Providers past the cap count under one name even when that name has traffic of its own already."""
    recorder = make_recorder(max_providers=2)
    for _ in range(2):
        for provider in ("a", "b", "c", "d"):
            _record(recorder, provider, "m")
        assert recorder.flush()

    names = {name.decode() for name in redis_client.zrange(_KEYS.providers(), 0, -1)}
    assert {name: _total(redis_client, name) for name in names} == {"a": 2, "b": 2, OTHER: 4}
    assert _total(redis_client, OTHER, OTHER) == 4
    assert recorder.stats()["counts"]["overflow:provider"] == 4


def test_overflow_within_the_process_is_counted(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """Requests that counted as the rest before Redis was asked are told as well, by what overflowed."""
    recorder = make_recorder(max_models_per_provider=1, max_routes=1)
    _record(recorder, "p", "a", "b", "c", "d")
    for route in ("/a", "/b", "/c"):
        recorder.count_http(HttpExchange("GET", route, 200, 0.1, 0, 0, None))
    recorder.flush()

    assert _total(redis_client, "p") == 4
    assert _models(redis_client, "p") == {"a", OTHER}
    counts = recorder.stats()["counts"]
    assert (counts["overflow:model"], counts["overflow:route"]) == (3, 2)


def test_strange_names_never_share_a_key(make_recorder: MakeRecorder, redis_client: redis.Redis) -> None:
    """Names that hold separators, braces, percent signs or control characters count apart, in their own slot."""
    pairs = [
        ("a:b", "c"), ("a", "b:c"), ("a", "b%3Ac"), ("a}", "c"), ("{a}", "c"), ("a%", "c"), ("a%7D", "c"),
        ("a\n", "c"), ("a ", "c"), ("a", "2026-11-21:01"), ("a", "*"), ("a", "c\udc80"), ("ä", "ü"),
    ]  # fmt: skip
    recorder = make_recorder()
    for number, (provider, model) in enumerate(pairs, start=1):
        for _ in range(number):
            recorder.record(provider=provider, model=model)
    assert recorder.flush()

    clean = {(p.replace("\n", "\ufffd"), m.replace("\udc80", "\ufffd")) for p, m in pairs}
    providers = [name.decode() for name in redis_client.zrange(_KEYS.providers(), 0, -1)]
    found = {(p, m): _total(redis_client, p, m) for p in providers for m in _models(redis_client, p)}
    assert found.keys() == clean
    assert sorted(found.values()) == list(range(1, len(pairs) + 1))


def test_clean_counts_survive_an_outage(make_recorder: MakeRecorder, redis_server: RedisServer) -> None:
    """While Redis is away counts fold into hours, memory follows series, and afterwards every hour is exact."""
    clock = FakeClock(time=_HOUR)
    recorder = make_recorder(redis_server.url, clock=clock)
    _record(recorder, "p", "m", tokens_input=1)
    assert recorder.flush()
    redis_server.kill()
    for minute in range(150):
        clock.advance(60.0)
        _record(recorder, "p", "m", "m", tokens_input=minute)
        if minute % 50 == 0:
            assert not recorder.flush()
    stats = recorder.stats()
    assert stats["series"] <= FINE_MINUTES + 4
    assert (stats["connected"], stats["last_error"]) == (False, "ConnectionError")
    redis_server.restart(keep_data=True)

    recorder.flush()
    assert recorder.flush()
    with redis_server.client() as client:
        assert _total(client, "p", "m") == 301
        assert _total(client, "p", "m", "tokens_input") == 1 + 2 * sum(range(150))
        hours = [
            int(
                client.hget(_KEYS.counters("p", "m", stamp("hour", _HOUR + 3600 * hour)), "total_requests")
                or 0
            )
            for hour in range(3)
        ]
    assert hours == [1 + 2 * 59, 120, 62]


def test_flush_tells_that_deltas_wait_behind_a_batch(
    make_recorder: MakeRecorder, redis_server: RedisServer
) -> None:
    """After an outage the first flush sends what was in flight, and says that more waits; the second completes."""
    recorder = make_recorder(redis_server.url)
    _record(recorder, "p", "m")
    recorder.flush()
    redis_server.kill()
    _record(recorder, "p", "m")
    assert not recorder.flush()
    _record(recorder, "p", "m")
    redis_server.restart(keep_data=True)

    assert [recorder.flush(), recorder.flush()] == [False, True]
    with redis_server.client() as client:
        assert _total(client, "p") == 3


def test_every_kind_of_count_waits_behind_its_batch(
    make_recorder: MakeRecorder, redis_server: RedisServer
) -> None:
    """Gateways, plain HTTP and the series for the rest keep what waits while a batch of theirs is in flight."""
    recorder = make_recorder(redis_server.url)

    def count() -> None:
        _record(recorder, OTHER, "m", gateway="g")
        recorder.count_http(HttpExchange("GET", "/a", 200, 0.1, 0, 0, None))

    count()
    assert recorder.flush()
    redis_server.kill()
    for _ in range(3):
        count()
        assert not recorder.flush()
    redis_server.restart(keep_data=True)
    recorder.flush()

    assert recorder.flush()
    with redis_server.client() as client:
        assert _total(client, OTHER) == 4
        assert _http(client)["requests", "GET", "/a", 200] == 4
        [hour] = [client.hgetall(key) for key in client.keys(_KEYS.gateway_hour("g", "*"))]
        assert hour[b"success"] == b"4"


def test_close_after_an_outage_leaves_nothing(make_recorder: MakeRecorder, redis_server: RedisServer) -> None:
    """A close sends the batch in flight as well as what waits behind it."""
    recorder = make_recorder(redis_server.url)
    _record(recorder, "p", "m")
    recorder.flush()
    redis_server.kill()
    _record(recorder, "p", "m")
    recorder.flush()
    _record(recorder, "p", "m", "m")
    redis_server.restart(keep_data=True)
    recorder.close()

    with redis_server.client() as client:
        assert _total(client, "p") == 4
        assert client.hlen(_KEYS.writers("app")) == 0


def test_an_index_that_refuses_stops_no_counts(
    make_recorder: MakeRecorder, redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """Foreign keys where the indexes should be: counts go to the rest, exact; it is counted and logged."""
    for key in (_KEYS.providers(), _KEYS.gateways(), _KEYS.apps(), _KEYS.writers("app")):
        redis_client.set(key, "mine")
    recorder = make_recorder()
    _record(recorder, "p", "m", "n", gateway="g")

    assert recorder.flush()
    assert (_total(redis_client, "p"), _total(redis_client, OTHER, OTHER)) == (0, 2)
    assert redis_client.mget(_KEYS.providers(), _KEYS.writers("app")) == [b"mine", b"mine"]
    assert recorder.stats()["counts"]["fault:redis_key_refused"] == 4
    assert "an index refused names: " in caplog.text


def test_models_whose_index_refuses_count_as_the_rest(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """One provider's foreign index costs its models their names, other providers nothing."""
    redis_client.set(_KEYS.models("p"), "mine")
    recorder = make_recorder()
    _record(recorder, "p", "m")
    _record(recorder, "q", "m")

    assert recorder.flush()
    assert (_total(redis_client, "p"), _total(redis_client, "p", OTHER)) == (1, 1)
    assert _total(redis_client, "q", "m") == 1


def test_deltas_are_given_back_when_admission_fails(
    make_recorder: MakeRecorder, redis_server: RedisServer
) -> None:
    """New names while Redis takes no writes: nothing is lost, nothing is counted elsewhere."""
    recorder = make_recorder(redis_server.url)
    with redis_server.client() as client:
        client.replicaof("127.0.0.1", "1")
        _record(recorder, "p", "m", "n")
        assert not recorder.flush()
        assert recorder.stats()["last_error"] == "ReadOnlyError"
        assert recorder.stats()["series"] == 2
        client.replicaof("NO", "ONE")

        assert recorder.flush()
        assert (_total(client, "p"), _total(client, "p", "m")) == (2, 1)


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

    fields = _http(redis_client)
    assert fields["internal", "fault:request_body_malformed"] == 2
    assert fields["internal", "flushes"] == 1
    assert fields["requests", "GET", "/a", 200] == 2
    assert fields["request_bytes", "GET", "/a"] == 10


class _Request:
    def __init__(self, route: str) -> None:
        self._route = route

    def http_labels(self) -> tuple[str, str]:
        return "GET", self._route


def test_requests_in_progress_are_reported(make_recorder: MakeRecorder, redis_client: redis.Redis) -> None:
    """A writer's report names what runs right now, by method and route, and is taken back to none."""
    recorder = make_recorder()
    requests = [_Request("/a"), _Request("/a"), _Request("/b")]
    recorder.in_progress.update(requests)
    recorder.flush()
    [report] = [orjson.loads(value) for value in redis_client.hvals(_KEYS.writers("app"))]
    assert sorted(report["in_progress"]) == [["GET", "/a", 2], ["GET", "/b", 1]]
    assert report["stats"]["pending_batches"] == 0

    recorder.in_progress.clear()
    recorder.flush()
    [report] = [orjson.loads(value) for value in redis_client.hvals(_KEYS.writers("app"))]
    assert report["in_progress"] == []
    assert 0 < redis_client.ttl(_KEYS.writers("app")) <= 3600


def test_windows_out_of_retention_keep_only_their_totals(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """What is older than a window is kept counts in the totals and the day alone."""
    clock = FakeClock(time=_HOUR)
    recorder = make_recorder(clock=clock)
    _record(recorder, "p", "m")
    clock.advance(9 * 86_400.0)
    assert recorder.flush()

    assert _total(redis_client, "p", "m") == 1
    assert not redis_client.exists(_KEYS.counters("p", "m", stamp("minute", _HOUR)))
    assert not redis_client.exists(_KEYS.counters("p", "m", stamp("hour", _HOUR)))
    assert redis_client.exists(_KEYS.counters("p", "m", stamp("day", _HOUR)))
    assert not redis_client.exists(_KEYS.open_windows("p"))


def test_breakers_see_recent_calls_only(make_recorder: MakeRecorder, redis_client: redis.Redis) -> None:
    """Faults of this minute or the last open a breaker; an outage's backlog does not."""
    clock = FakeClock(time=_HOUR)
    recorder = make_recorder(clock=clock)
    _record(recorder, "p", "old", *["old"] * 9, success=False)
    clock.advance(120.0)
    _record(recorder, "p", *["new"] * 3, success=False)
    clock.advance(60.0)
    _record(recorder, "p", *["new"] * 2, success=False)
    recorder.flush()

    assert not redis_client.exists(_KEYS.circuit("p", "old"))
    assert redis_client.hmget(_KEYS.circuit("p", "new"), "streak", "state") == [b"5", b"OPEN"]
