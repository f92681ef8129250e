"""Tests of a server that is up and answers nobody yet, or nobody any more: it loads its data, it runs a script."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis

from tests.support.load import Load, counted, settle
from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer
from tokenpulse.recorder import Recorder
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.store import MetricsStore

PROVIDERS = ("groq", "openai")
FILLER_KEYS = 1_000
FILLER_BYTES = 2_048
SLOWLY = {"key-load-delay": "60000", "loading-process-events-interval-bytes": "2048", "appendonly": "no"}
"""Each key takes 60 ms, a minute in all; clients are looked after at every key."""

OpenRecorder = Callable[..., Recorder]


@contextmanager
def _loading(server: RedisServer) -> Iterator[None]:
    """Have the server load what it holds for as long as the block takes, a minute at most."""
    with server.client() as client:
        client.config_set("rdbcompression", "no")
        client.mset({f"filler:{number}": os.urandom(FILLER_BYTES) for number in range(FILLER_KEYS)})
        client.save()
    server.kill()
    starting = threading.Thread(target=server.start, kwargs=SLOWLY)
    starting.start()
    try:
        yield
    finally:
        with server.client() as client:
            client.config_set("key-load-delay", "0")
        starting.join()


async def test_while_data_is_loaded_counts_wait(
    redis_server: RedisServer, open_recorder: OpenRecorder
) -> None:
    """What was saved and what is recorded meanwhile add up; writer and reader say what they wait for."""
    recorder = open_recorder(redis_server.url, flush_interval=60)
    load = Load(recorder, PROVIDERS)
    load.record(5)
    settle(recorder)
    with _loading(redis_server):
        load.record(3)
        wait_until(
            lambda: not recorder.flush() and recorder.stats()["last_error"] == "loading its data",
            "the refusal",
        )
        async with MetricsStore(redis_server.url) as store:
            with pytest.raises(StoreUnavailableError, match="loading its data"):
                await store.totals()
    settle(recorder)

    with redis_server.client() as client:
        assert counted(client) == load.ledger.counters()
    assert recorder.stats()["counts"].keys() & {"gaps", "unrecoverable"} == set()


async def test_while_a_script_runs_counts_wait(
    redis_server: RedisServer, open_recorder: OpenRecorder
) -> None:
    """Somebody's endless script keeps the server busy until it is killed; then everything is there, once."""
    recorder = open_recorder(redis_server.url, flush_interval=60)
    load = Load(recorder, PROVIDERS)
    load.record(5)
    settle(recorder)
    with redis_server.client() as client, redis_server.client() as other:
        client.config_set("lua-time-limit", 50)
        running = threading.Thread(target=_run_for_ever, args=(client,))
        running.start()
        load.record(3)
        wait_until(
            lambda: not recorder.flush() and recorder.stats()["last_error"] == "busy with a script",
            "the refusal",
        )
        async with MetricsStore(redis_server.url) as store:
            with pytest.raises(StoreUnavailableError, match="busy with a script"):
                await store.totals()
        other.script_kill()
        running.join()
    settle(recorder)

    with redis_server.client() as client:
        assert counted(client) == load.ledger.counters()
    assert recorder.stats()["counts"].keys() & {"gaps", "unrecoverable"} == set()


def _run_for_ever(client: redis.Redis) -> None:
    with pytest.raises(redis.ResponseError, match="killed"):
        client.eval("while true do end", 0)
