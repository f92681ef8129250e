"""Tests of what a log keeps of records that wait: packed in the backlog, or in a flush's later batches."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from tests.support.killing import leave, replay
from tests.support.ledger import load_request_count
from tests.support.redis_server import RedisServer
from tokenpulse.aggregation.intake import BATCH
from tokenpulse.batches.numbered_batch import Batch
from tokenpulse.flushing import provider_feed
from tokenpulse.recorder import Recorder
from tokenpulse.spill import spill_log
from tokenpulse.writing.redis_writer import RedisWriter

Open = Callable[[str], Recorder]


@pytest.fixture
def spilling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Give a maker of recorders with small segments, without a thread."""
    monkeypatch.setattr(spill_log, "SEGMENT_BYTES", 4096)
    made: list[Recorder] = []

    def make(url: str) -> Recorder:
        recorder = Recorder(url, spill_path=tmp_path, flush_interval=60, max_providers=2)
        recorder._started = True
        made.append(recorder)
        return recorder

    yield make
    for recorder in made:
        leave(recorder)
        recorder._client.close()


def _record(recorder: Recorder, provider: str, times: int) -> None:
    for _ in range(times):
        recorder.record(provider=provider, model="m")


def test_what_the_backlog_holds_stays_in_the_log(spilling: Open, redis_server: RedisServer) -> None:
    """Counts set aside for want of Redis are lost to no kill, however many flushes failed meanwhile."""
    first = spilling(redis_server.url)
    _record(first, "p", 1)
    assert first.flush() is True

    redis_server.stop()
    for _ in range(3):
        _record(first, "q", 50)
        assert first.flush() is False
    leave(first)
    redis_server.start()
    second = spilling(redis_server.url)
    replay(second)

    with redis_server.client() as client:
        assert load_request_count(client) == 151


def test_an_earlier_batch_vouches_for_no_later_one(
    spilling: Open, redis_url: str, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flush sends a group twice, only the first arrives, the process is killed: the second comes from the log."""
    first = spilling(redis_url)
    _record(first, "p", 2)
    push = RedisWriter.push

    def push_once(writer: RedisWriter, meanwhile: Callable[[], None] | None = None) -> list[Batch]:
        monkeypatch.setattr(RedisWriter, "push", refuse)
        done = push(writer, meanwhile)
        _record(first, "p", BATCH)
        return done

    def refuse(*_: object) -> list[Batch]:
        raise redis.ConnectionError

    monkeypatch.setattr(RedisWriter, "push", push_once)
    assert first.flush() is False
    assert load_request_count(redis_client) == 2

    monkeypatch.setattr(RedisWriter, "push", push)
    leave(first)
    second = spilling(redis_url)
    replay(second)

    assert load_request_count(redis_client) == 2 + BATCH


def test_a_log_stays_while_a_flush_has_something_in_hand(
    spilling: Open, redis_url: str, tmp_path: Path
) -> None:
    """A recorder that closes before its thread has ended cannot know what that holds: the log is kept."""
    recorder = spilling(redis_url)
    _record(recorder, "p", 1)
    assert recorder.flush() is True

    with recorder._pipeline.lock:
        recorder.close()

    assert len(list(tmp_path.glob("*.log"))) == 1

    recorder.close()

    assert list(tmp_path.iterdir()) == []


def test_what_moves_later_is_in_no_batch_made_before(
    spilling: Open, redis_url: str, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two providers are refused in one flush, only what was there of the first arrives: the second is in the log."""
    monkeypatch.setattr(provider_feed, "PUSH_FIELDS", 1)
    first = spilling(redis_url)
    _record(first, "p", 1)
    _record(first, "q", 1)
    assert first.flush() is True

    push, pushes = RedisWriter.push, iter(range(9))

    def push_twice(writer: RedisWriter, meanwhile: Callable[[], None] | None = None) -> list[Batch]:
        number = next(pushes)
        if number == 0:
            _record(first, "refused_too", BATCH)
        if number == 2:
            raise redis.ConnectionError
        return push(writer, meanwhile)

    _record(first, "p", 1)
    _record(first, "refused", 1)
    monkeypatch.setattr(RedisWriter, "push", push_twice)
    first.flush()
    monkeypatch.setattr(RedisWriter, "push", push)
    leave(first)
    replay(spilling(redis_url))

    assert load_request_count(redis_client) == 4 + BATCH
