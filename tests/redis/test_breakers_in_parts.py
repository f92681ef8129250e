"""Tests of breakers of a provider whose models do not fit into one batch."""

from collections.abc import Callable

import pytest
import redis

from tokenpulse.flushing import provider_feed
from tokenpulse.recorder import Recorder
from tokenpulse_shared.keyspace import Keyspace

MODELS = 60
MakeRecorder = Callable[..., Recorder]


def _fail(recorder: Recorder) -> None:
    for number in range(MODELS):
        recorder.record(provider="p", model=f"m{number}", success=True)
        for _ in range(10):
            recorder.record(provider="p", model=f"m{number}", success=False)


def _opened(client: redis.Redis) -> int:
    keys = Keyspace()
    states = [client.hget(keys.circuit("p", f"m{number}"), "state") for number in range(MODELS)]
    return states.count(b"OPEN")


def test_every_part_of_a_provider_is_looked_at(
    make_recorder: MakeRecorder, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider is sent in several batches of one flush: the breakers of all its models open."""
    monkeypatch.setattr(provider_feed, "BATCH_FIELDS", 200)
    recorder = make_recorder()
    _fail(recorder)

    assert recorder.flush() is True
    assert _opened(redis_client) == MODELS


def test_every_part_of_a_backlog_is_looked_at(
    make_recorder: MakeRecorder, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waited for Redis goes in several batches: the breakers of all models open."""
    monkeypatch.setattr(provider_feed, "BATCH_FIELDS", 200)
    recorder = make_recorder()
    _fail(recorder)
    recorder._intake.settle()
    recorder._pipeline.set_aside()

    assert recorder.flush() is True
    assert _opened(redis_client) == MODELS
