"""Tests of what a flush does with counts that waited: which names they get, in which parts they go."""

from collections.abc import Callable

import pytest

from tests.support.clock import FakeClock
from tests.support.redis_server import RedisServer
from tests.support.written import KEYS, model_names, record_each, total
from tokenpulse.flushing import pipeline, provider_feed
from tokenpulse.recorder import Recorder
from tokenpulse_shared.keyspace import stamp
from tokenpulse_shared.names import OTHER

MakeRecorder = Callable[..., Recorder]


def _gather(recorder: Recorder, *pairs: tuple[str, str], **given: object) -> None:
    """Record calls, and have a flush fail: what was in flight stays so, the rest is set aside."""
    for provider, model in pairs:
        record_each(recorder, provider, model, **given)
    assert not recorder.flush()
    assert not recorder.flush()


def test_names_that_waited_are_asked_for(make_recorder: MakeRecorder, redis_server: RedisServer) -> None:
    """Models and providers past the caps count as the rest, those of another writer among the admitted."""
    recorder = make_recorder(redis_server.url, max_models_per_provider=2, max_providers=2)
    other = make_recorder(redis_server.url, max_models_per_provider=2, max_providers=2)
    record_each(recorder, "p", "a")
    recorder.flush()
    redis_server.kill()
    for _ in range(2):
        _gather(recorder, ("p", "a"), ("p", "late"), ("p", "later"), ("third", "m"), ("third", "n"))
    redis_server.restart(keep_data=True)
    record_each(other, "p", "b")
    record_each(other, "second", "m")
    assert other.flush()

    assert recorder.flush()
    with redis_server.client() as client:
        counts = {name: total(client, "p", name) for name in model_names(client, "p")}
        assert counts == {"a": 3, "b": 1, OTHER: 4}
        assert total(client, "p") == 8
        assert (total(client, OTHER), total(client, OTHER, OTHER)) == (4, 4)
        assert not client.exists(KEYS.totals("third"))
    counted = recorder.stats()["counts"]
    assert (counted["overflow:model"], counted["overflow:provider"]) == (4, 4)


def test_a_flood_of_names_while_redis_is_away(make_recorder: MakeRecorder, redis_server: RedisServer) -> None:
    """Providers and models beyond what may wait count as the rest at once; no request is lost."""
    recorder = make_recorder(redis_server.url, max_models_per_provider=2, max_providers=2)
    redis_server.kill()
    for turn in range(10):
        _gather(recorder, ("p", f"m{turn}"), (f"p{turn}", "m"))
    assert recorder.stats()["series"] <= 2 * 2 * (2 * 2 + 1)
    redis_server.restart()

    assert recorder.flush()
    with redis_server.client() as client:
        providers = [name.decode() for name in client.zrange(KEYS.providers(), 0, -1)]
        assert len(providers) == 3
        assert sum(total(client, provider) for provider in providers) == 20


def test_counts_wait_while_names_cannot_be_asked_for(
    make_recorder: MakeRecorder, redis_server: RedisServer
) -> None:
    """After an outage a Redis that takes no writes keeps the backlog waiting, whole."""
    recorder = make_recorder(redis_server.url)
    redis_server.kill()
    _gather(recorder, ("p", "m"), ("q", "m"))
    redis_server.restart()
    with redis_server.client() as client:
        client.replicaof("127.0.0.1", "1")
        _gather(recorder, ("p", "n"))
        assert recorder.stats()["last_error"] == "read-only replica"
        client.replicaof("NO", "ONE")

        assert recorder.flush()
        assert [total(client, provider) for provider in ("p", "q")] == [2, 1]
        assert model_names(client, "p") == {"m", "n"}


@pytest.mark.parametrize("fields", [1, 150, 2000])
def test_a_backlog_goes_in_parts(
    make_recorder: MakeRecorder, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, fields: int
) -> None:
    """However many models a batch takes, each has all its requests once, the provider the sum."""
    monkeypatch.setattr(provider_feed, "BATCH_FIELDS", fields)
    recorder = make_recorder(redis_server.url)
    redis_server.kill()
    for _ in range(3):
        _gather(recorder, *(("p", f"m{number}") for number in range(20)), latency_ms=5, success=True)
    redis_server.restart()
    assert recorder.flush()

    with redis_server.client() as client:
        assert [total(client, "p", f"m{number}") for number in range(20)] == [3] * 20
        assert (total(client, "p"), total(client, "p", field="latency_us")) == (60, 300_000)
        assert len(client.lrange(KEYS.errors("p"), 0, -1)) == 0
    assert recorder.stats()["counts"]["batches"] >= {1: 20, 150: 4, 2000: 1}[fields]


def test_parts_that_wait_when_redis_goes_are_kept(
    make_recorder: MakeRecorder, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of deltas in parts some are there, one is in flight, the others wait: after the outage all are there once."""
    monkeypatch.setattr(provider_feed, "BATCH_FIELDS", 1)
    monkeypatch.setattr(pipeline, "ROUNDS_SECONDS", 0.0)
    recorder = make_recorder(redis_server.url)
    record_each(recorder, "p", *(f"m{number}" for number in range(6)), success=False)
    assert not recorder.flush()
    record_each(recorder, "p", *(f"m{number}" for number in range(6)), success=False)
    redis_server.kill()
    assert [recorder.flush(), recorder.flush()] == [False, False]
    redis_server.restart(keep_data=True)
    while not recorder.flush():
        assert recorder.stats()["connected"]

    with redis_server.client() as client:
        assert [total(client, "p", f"m{number}") for number in range(6)] == [2] * 6
        assert total(client, "p") == 12
        assert len(client.lrange(KEYS.errors("p"), 0, -1)) == 12


def test_a_flush_that_is_cut_short_goes_on_at_once(
    make_recorder: MakeRecorder, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the time to begin batches is over with more to send, the next flush does not wait for the interval."""
    monkeypatch.setattr(provider_feed, "BATCH_FIELDS", 1)
    monkeypatch.setattr(pipeline, "ROUNDS_SECONDS", 0.0)
    recorder = make_recorder(redis_server.url, flush_interval=60.0)
    redis_server.kill()
    _gather(recorder, *(("p", f"m{number}") for number in range(5)))
    redis_server.restart()
    assert not recorder.flush()
    assert recorder._pipeline.was_cut_short
    assert recorder._flusher._pause_seconds() < 0.1
    recorder.close()

    with redis_server.client() as client:
        assert total(client, "p") == 5
    assert not recorder._pipeline.has_waiting()


def test_a_server_that_hangs_amid_a_backlog(
    make_recorder: MakeRecorder, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent before, what it got but did not answer, what was recorded meanwhile: each is there once."""
    monkeypatch.setattr(provider_feed, "BATCH_FIELDS", 1)
    recorder = make_recorder(redis_server.url)
    redis_server.kill()
    _gather(recorder, *(("p", f"m{number}") for number in range(5)))
    redis_server.restart()
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "ROUNDS_SECONDS", 0.0)
        assert not recorder.flush()
    redis_server.pause()
    record_each(recorder, "p", *(f"m{number}" for number in range(5)))
    assert not recorder.flush()
    assert recorder.stats()["last_error"] == "timed out"
    redis_server.resume()

    assert recorder.flush()
    with redis_server.client() as client:
        assert [total(client, "p", f"m{number}") for number in range(5)] == [2] * 5
        assert total(client, "p") == 10
    assert recorder.stats()["counts"]["duplicates"] == 1


def test_windows_that_nobody_could_read_any_more_are_left_out(
    make_recorder: MakeRecorder, redis_server: RedisServer
) -> None:
    """After ten days without Redis minutes and hours are past their time; the day and the totals have every count."""
    clock = FakeClock()
    recorder = make_recorder(redis_server.url, clock=clock)
    record_each(recorder, "p", "m")
    assert recorder.flush()
    redis_server.kill()
    for _ in range(2):  # the first of them is in flight as it was recorded
        _gather(recorder, ("p", "m"))
    began = clock.time()
    clock.advance(10 * 86_400.0)
    redis_server.restart()
    assert recorder.flush()

    with redis_server.client() as client:
        assert total(client, "p", "m") == total(client, "p") == 3
        assert client.hget(KEYS.counters("p", "m", stamp("day", began)), "total_requests") == b"3"
        assert not client.keys(KEYS.sealed_minutes("p", "*", "*"))
        assert not client.keys(KEYS.sealed_hours("p", "*", "*"))
        hour = client.hget(KEYS.counters("p", None, stamp("hour", began)), "total_requests")
        assert hour == b"2"  # of the batches that were made in that hour
