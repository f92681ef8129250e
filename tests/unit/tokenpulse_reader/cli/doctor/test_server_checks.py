"""Tests of how what a server says of itself is judged."""

import pytest

from tokenpulse_reader.cli.doctor.server_checks import (
    Info,
    check_clients,
    check_eviction,
    check_memory,
    check_persistence,
    check_replicas,
    check_role,
    check_version,
)

_MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    ("info", "status", "says"),
    [
        ({"redis_version": "7.0.15"}, "ok", "Redis 7.0.15"),
        ({"redis_version": "6.2.0"}, "ok", "Redis 6.2.0"),
        ({"redis_version": "6.0.16"}, "failure", "Redis 6.0.16 lacks commands that tokenpulse uses"),
        ({"redis_version": "10.1.0"}, "ok", "Redis 10.1.0"),
        ({"redis_version": "7.2.4", "valkey_version": "8.1.0"}, "ok", "Valkey 8.1.0, as Redis 7.2.4"),
        ({"redis_version": "unstable"}, "warning", "the server does not say its version"),
        ({}, "warning", "the server does not say its version"),
    ],
)
def test_version(info: Info, status: str, says: str) -> None:
    """6.2 is the oldest; what cannot be read is not taken for new."""
    check = check_version(info)

    assert (check.status, check.says) == (status, says)


@pytest.mark.parametrize(
    ("info", "is_cluster_url", "writes", "status", "says"),
    [
        ({"redis_mode": "standalone", "role": "master"}, False, True, "ok", "master, standalone"),
        ({"redis_mode": "cluster", "role": "master"}, True, True, "ok", "master, cluster"),
        ({"redis_mode": "cluster", "role": "master"}, False, True, "failure", "this is one node of a Redis Cluster"),
        ({"redis_mode": "sentinel"}, False, True, "failure", "this is a Sentinel, it holds no data"),
        ({"role": "slave"}, False, True, "failure", "this is a replica: it refuses writes"),
        ({"role": "slave"}, False, False, "warning", "this is a replica: a reader sees what it has copied so far"),
        ({}, False, True, "ok", "master, standalone"),
    ],
)  # fmt: skip
def test_role(info: Info, is_cluster_url: bool, writes: bool, status: str, says: str) -> None:
    """What is at the other end must be what the URL says, and take writes where they are meant to go."""
    check = check_role(info, is_cluster_url=is_cluster_url, writes=writes)

    assert (check.status, check.says) == (status, says)


@pytest.mark.parametrize(
    ("info", "status", "says"),
    [
        ({}, "ok", "noeviction: nothing is thrown away"),
        ({"maxmemory_policy": "noeviction", "maxmemory": 5}, "ok", "noeviction: nothing is thrown away"),
        ({"maxmemory_policy": "allkeys-lru", "maxmemory": 0}, "ok", "allkeys-lru, but without a limit of memory nothing is thrown away"),
        ({"maxmemory_policy": "allkeys-lru", "maxmemory": 5}, "warning", "allkeys-lru: when memory is full the server throws away keys of any series"),
        ({"maxmemory_policy": "volatile-ttl", "maxmemory": 5, "evicted_keys": 3}, "warning", "volatile-ttl: when memory is full the server throws away keys with a time to live, and all of tokenpulse's counters have one; keys gone since the server started: 3"),
    ],
)  # fmt: skip
def test_eviction(info: Info, status: str, says: str) -> None:
    """Only a server that can run full can throw away; what it would throw away is said."""
    check = check_eviction(info)

    assert (check.status, check.says) == (status, says)


@pytest.mark.parametrize(
    ("used", "limit", "status", "says"),
    [
        (12, 0, "ok", "12.0 MB used, no limit"),
        (79, 100, "ok", "79.0 MB of 100.0 MB used, 79%"),
        (80, 100, "warning", "80.0 MB of 100.0 MB used, 80%"),
        (95, 100, "failure", "95.0 MB of 100.0 MB used, 95%: writes are refused, or keys thrown away"),
    ],
)
def test_memory(used: int, limit: int, status: str, says: str) -> None:
    """A warning while there is time, a failure when there is none."""
    check = check_memory({"used_memory": used * _MEGABYTE, "maxmemory": limit * _MEGABYTE})

    assert (check.status, check.says) == (status, says)


@pytest.mark.parametrize(
    ("info", "saves", "status", "says"),
    [
        ({"aof_enabled": 1, "aof_last_write_status": "ok"}, "", "ok", "append-only file"),
        ({"aof_enabled": 0}, "3600 1", "ok", "snapshots only (save 3600 1): a crash loses what came after the last"),
        ({"aof_enabled": 0}, None, "ok", "no append-only file; this user may not see whether snapshots are made"),
        ({}, "", "warning", "nothing is saved: a restart loses what was counted, but for what workers replay (about a minute)"),
        ({"aof_enabled": 1, "rdb_last_bgsave_status": "err", "aof_last_write_status": "ok"}, "", "failure", "the last save failed (rdb_last_bgsave_status)"),
        ({"aof_enabled": 1, "rdb_last_bgsave_status": "ok", "aof_last_write_status": "err"}, None, "failure", "the last save failed (aof_last_write_status)"),
    ],
)  # fmt: skip
def test_persistence(info: Info, saves: str | None, status: str, says: str) -> None:
    """Nothing saved is a warning, a save that fails a failure; what may not be seen is not guessed."""
    check = check_persistence(info, saves)

    assert (check.status, check.says) == (status, says)


_ONLINE = {"ip": "10.0.0.2", "port": 6379, "state": "online", "lag": 1}
_LATE = {"ip": "10.0.0.3", "port": 6379, "state": "online", "lag": 11}
_SYNCING = {"ip": "10.0.0.4", "port": 6379, "state": "wait_bgsave", "lag": 0}


@pytest.mark.parametrize(
    ("info", "fails_over", "status", "says"),
    [
        ({}, False, "ok", "none"),
        ({"connected_slaves": 0}, True, "warning", "none: when this master dies nothing can take its place"),
        ({"connected_slaves": 1, "slave0": _ONLINE}, True, "ok", "1, none behind"),
        ({"connected_slaves": 3, "slave0": _ONLINE, "slave1": _LATE, "slave2": _SYNCING}, True, "warning", "behind or not online: 2 of 3"),
    ],
)  # fmt: skip
def test_replicas(info: Info, fails_over: bool, status: str, says: str) -> None:
    """Where a master is to be replaced there must be who replaces it, not far behind."""
    check = check_replicas(info, fails_over=fails_over)

    assert (check.status, check.says) == (status, says)


def test_replicas_that_are_behind_are_named() -> None:
    """By address, with what is wrong."""
    check = check_replicas({"connected_slaves": 2, "slave0": _LATE, "slave1": _SYNCING}, fails_over=True)

    assert check.items == (
        "10.0.0.3:6379 online, last heard 11 s ago",
        "10.0.0.4:6379 wait_bgsave, last heard 0 s ago",
    )


@pytest.mark.parametrize(
    ("info", "status", "says"),
    [
        ({"connected_clients": 5}, "ok", "5 connected"),
        ({"connected_clients": 89, "maxclients": 100}, "ok", "89 connected, 100 at most"),
        ({"connected_clients": 90, "maxclients": 100}, "warning", "90 connected, 100 at most"),
    ],
)
def test_clients(info: Info, status: str, says: str) -> None:
    """A server that is about to turn workers away is a warning."""
    check = check_clients(info)

    assert (check.status, check.says) == (status, says)
