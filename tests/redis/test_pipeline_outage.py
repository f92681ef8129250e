"""Tests of flushing when Redis is away, refuses, or is back."""

from collections.abc import Callable

from tests.support.clock import FakeClock
from tests.support.redis_server import RedisServer
from tests.support.written import KEYS, http_counts, record_each, total
from tokenpulse.aggregation.provider_delta import FINE_MINUTES
from tokenpulse.recorder import Recorder
from tokenpulse.sink import HttpExchange
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.store import MetricsStore

_HOUR = 1_700_002_800.0
"""Start of an hour."""

MakeRecorder = Callable[..., Recorder]


async def test_clean_counts_survive_an_outage(make_recorder: MakeRecorder, redis_server: RedisServer) -> None:
    """While Redis is away counts fold into hours, memory follows series, and afterwards every hour is exact."""
    clock = FakeClock(time=_HOUR)
    recorder = make_recorder(redis_server.url, clock=clock)
    record_each(recorder, "p", "m", tokens_input=1)
    assert recorder.flush()
    redis_server.kill()
    for minute in range(150):
        clock.advance(60.0)
        record_each(recorder, "p", "m", "m", tokens_input=minute)
        if minute % 50 == 0:
            assert not recorder.flush()
    stats = recorder.stats()
    assert stats["series"] <= FINE_MINUTES + 4
    assert (stats["connected"], stats["last_error"]) == (False, "connection refused")
    redis_server.restart(keep_data=True)

    assert recorder.flush()
    with redis_server.client() as client:
        assert total(client, "p", "m") == 301
        assert total(client, "p", "m", "tokens_input") == 1 + 2 * sum(range(150))
    async with MetricsStore(redis_server.url, clock=clock) as store:
        rows = (await store.hourly("p", 3, "m")).rows
    assert [(row.start, row.requests) for row in rows] == [
        (_HOUR, 1 + 2 * 59),
        (_HOUR + 3600, 120),
        (_HOUR + 7200, 62),
    ]


def test_what_waits_behind_a_batch_follows_it(make_recorder: MakeRecorder, redis_server: RedisServer) -> None:
    """After an outage one flush sends what was in flight, then what was recorded behind it."""
    recorder = make_recorder(redis_server.url)
    record_each(recorder, "p", "m")
    recorder.flush()
    redis_server.kill()
    record_each(recorder, "p", "m")
    assert not recorder.flush()
    record_each(recorder, "p", "m")
    redis_server.restart(keep_data=True)

    assert recorder.flush()
    with redis_server.client() as client:
        assert total(client, "p") == 3


def test_every_kind_of_count_waits_behind_its_batch(
    make_recorder: MakeRecorder, redis_server: RedisServer
) -> None:
    """Gateways, plain HTTP and the series for the rest keep what waits while a batch of theirs is in flight."""
    recorder = make_recorder(redis_server.url)

    def count() -> None:
        record_each(recorder, OTHER, "m", gateway="g")
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
        assert total(client, OTHER) == 4
        assert http_counts(client)["requests", "GET", "/a", 200] == 4
        [hour] = [client.hgetall(key) for key in client.keys(KEYS.gateway_hour("g", "*"))]
        assert hour[b"success"] == b"4"


def test_close_after_an_outage_leaves_nothing(make_recorder: MakeRecorder, redis_server: RedisServer) -> None:
    """A close sends the batch in flight as well as what waits behind it."""
    recorder = make_recorder(redis_server.url)
    record_each(recorder, "p", "m")
    recorder.flush()
    redis_server.kill()
    record_each(recorder, "p", "m")
    recorder.flush()
    record_each(recorder, "p", "m", "m")
    redis_server.restart(keep_data=True)
    recorder.close()

    with redis_server.client() as client:
        assert total(client, "p") == 4
        assert client.hlen(KEYS.writers("app")) == 0


def test_deltas_are_given_back_when_admission_fails(
    make_recorder: MakeRecorder, redis_server: RedisServer
) -> None:
    """New names while Redis takes no writes: nothing is lost, nothing is counted elsewhere."""
    recorder = make_recorder(redis_server.url)
    with redis_server.client() as client:
        client.replicaof("127.0.0.1", "1")
        record_each(recorder, "p", "m", "n")
        assert not recorder.flush()
        assert recorder.stats()["last_error"] == "read-only replica"
        assert recorder.stats()["series"] == 2
        client.replicaof("NO", "ONE")

        assert recorder.flush()
        assert (total(client, "p"), total(client, "p", "m")) == (2, 1)
