"""Servers that are up and take nothing for a while: every such word of theirs delays counts, and loses none."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
import redis

from tests.support.cluster import port_with_bus, url_of
from tests.support.load import Load, counted, settle
from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer
from tokenpulse.flushing.flush import MAX_BACKOFF_SECONDS
from tokenpulse.recorder import Recorder
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.redis_client import connect
from tokenpulse_shared.store import MetricsStore

PROVIDERS: Final = ("groq", "openai")
SLOTS: Final = 16_384

OpenRecorder = Callable[..., Recorder]
Refusing = Callable[[redis.Redis], None]


def _lack_replicas(client: redis.Redis) -> None:
    client.config_set("min-replicas-to-write", 1)


def _have_replicas(client: redis.Redis) -> None:
    client.config_set("min-replicas-to-write", 0)


def _run_full(client: redis.Redis) -> None:
    client.config_set("maxmemory", 1)


def _have_room(client: redis.Redis) -> None:
    client.config_set("maxmemory", 0)


def _dump(client: redis.Redis) -> Path:
    return Path(client.config_get("dir")["dir"], "dump.rdb")


def _fail_to_save(client: redis.Redis) -> None:
    """Have a save fail: a directory is in its file's place."""
    _dump(client).mkdir()
    client.config_set("save", "3600 1000000")
    client.bgsave()
    wait_until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", "the save to fail")


def _save_again(client: redis.Redis) -> None:
    _dump(client).rmdir()
    client.bgsave()
    wait_until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "ok", "a good save")


def _lose_the_master(client: redis.Redis) -> None:
    client.config_set("replica-serve-stale-data", "no")
    client.replicaof("127.0.0.1", "1")


def _be_the_master(client: redis.Redis) -> None:
    client.replicaof("NO", "ONE")


WORDS: Final = {
    "NOREPLICAS": (_lack_replicas, _have_replicas, "too_few_replicas", "too few replicas"),
    "OOM": (_run_full, _have_room, "out_of_memory", "out of memory"),
    "MISCONF": (_fail_to_save, _save_again, "cannot_save", "cannot save to disk"),
    "MASTERDOWN": (_lose_the_master, _be_the_master, "master_down", "replica without its master"),
}
"""Word → (what makes the server say it, what ends that, the kind that is counted, our words for it)."""


def _refused(recorder: Recorder, load: Load, kind: str, text: str, caplog: pytest.LogCaptureFixture) -> None:
    """Flush three times in vain, with more to come each time."""
    for _ in range(3):
        load.record()
        assert not recorder.flush()
        assert recorder._flusher._pause_seconds() <= MAX_BACKOFF_SECONDS
    stats = recorder.stats()

    assert (stats["connected"], stats["last_error"]) == (False, text)
    assert {name: count for name, count in stats["counts"].items() if name.startswith("failure:")} == {
        f"failure:{kind}": 3
    }
    said = f"flush failed, counts are kept and sent later: {text}"
    assert [record.getMessage() for record in caplog.records].count(said) == 1


@pytest.mark.parametrize("word", WORDS)
def test_what_a_server_refuses_waits(
    redis_server: RedisServer, open_recorder: OpenRecorder, caplog: pytest.LogCaptureFixture, word: str
) -> None:
    """The word is counted, said once, tried again at the pace of an outage; then everything is there, once."""
    begin, end, kind, text = WORDS[word]
    recorder = open_recorder(redis_server.url, flush_interval=60)
    recorder._started = True  # each flush is this test's own
    load = Load(recorder, PROVIDERS)
    load.record(3)
    settle(recorder)
    with redis_server.client() as client:
        begin(client)
        _refused(recorder, load, kind, text, caplog)
        end(client)
        settle(recorder)

        assert counted(client) == load.ledger.counters()
    assert recorder.stats()["last_error"] is None
    assert recorder.stats()["counts"].keys() & {"gaps", "unrecoverable"} == set()


@contextmanager
def _one_node() -> Iterator[RedisServer]:
    """Give a cluster of one node."""
    server = RedisServer(is_durable=False, **{"cluster-enabled": "yes", "cluster-node-timeout": "500"})
    server.port = port_with_bus()
    with server, server.client() as client:
        client.execute_command("CLUSTER ADDSLOTS", *range(SLOTS))
        wait_until(lambda: client.execute_command("CLUSTER INFO")["cluster_state"] == "ok", "a cluster")
        yield server


async def test_what_a_cluster_refuses_waits(
    open_recorder: OpenRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    """A slot without a master stops all of them: CLUSTERDOWN, for the reader too."""
    with _one_node() as server, server.client() as node, connect(url_of(server.port)) as client:
        recorder = open_recorder(url_of(server.port), flush_interval=60)
        recorder._started = True  # each flush is this test's own
        load = Load(recorder, PROVIDERS)
        load.record(3)
        settle(recorder)
        node.execute_command("CLUSTER DELSLOTS", 0)
        _refused(recorder, load, "cluster_down", "cluster is down", caplog)
        async with MetricsStore(url_of(server.port)) as store:
            with pytest.raises(StoreUnavailableError, match="cluster is down"):
                await store.totals()
        node.execute_command("CLUSTER ADDSLOTS", 0)
        settle(recorder)

        assert counted(client) == load.ledger.counters()
        assert "unrecoverable" not in recorder.stats()["counts"]
