"""What can happen to one Redis server, done to a real one."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import redis

from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer

Happening = Callable[[RedisServer], None]

SHORT_SECONDS: Final = 0.5
LONG_SECONDS: Final = 2.0
"""Longer than the writers' timeouts."""
_SLOW_KEY_MICROSECONDS: Final = "4000"
_REWRITE_MILLISECONDS: Final = 5000
_EVENTS_INTERVAL: Final = "loading-process-events-interval-bytes"
_ENDLESS: Final = "while true do end"


def kill(server: RedisServer) -> None:
    """Kill it; it comes back with all it acknowledged."""
    server.kill()
    time.sleep(SHORT_SECONDS)
    server.restart(keep_data=True)


def load_slowly(server: RedisServer) -> None:
    """Kill it; it comes back with all it acknowledged, and refuses everybody until that is loaded."""
    slowly = {"key-load-delay": _SLOW_KEY_MICROSECONDS}
    with server.client() as client:
        client.client_pause(_REWRITE_MILLISECONDS, all=False)  # what came after it would be loaded as slowly
        client.bgrewriteaof()
        wait_until(lambda: not client.info("persistence")["aof_rewrite_in_progress"], "the rewrite")
        if client.config_get(_EVENTS_INTERVAL):  # not before 7: there it is 2 MB
            slowly[_EVENTS_INTERVAL] = "1024"
    server.kill()
    server.restart(keep_data=True, **slowly)


def lose_data(server: RedisServer) -> None:
    """Kill it; it comes back empty."""
    server.kill()
    server.restart()


def freeze(server: RedisServer) -> None:
    """Stop the process, let it go on."""
    server.pause()
    time.sleep(LONG_SECONDS)
    server.resume()


def pause_clients(server: RedisServer) -> None:
    """Have it answer nobody for a while."""
    with server.client() as client:
        client.client_pause(int(LONG_SECONDS * 1000), all=True)
    time.sleep(LONG_SECONDS)


def forget_scripts(server: RedisServer) -> None:
    """Empty the cache of scripts."""
    with server.client() as client:
        client.script_flush()


def empty(server: RedisServer) -> None:
    """Delete every key."""
    with server.client() as client:
        client.flushall()


def run_out_of_memory(server: RedisServer) -> None:
    """Refuse every write for want of memory, for a while."""
    _refuse(server, "maxmemory", 1, 0)


def lack_replicas(server: RedisServer) -> None:
    """Refuse every write for want of replicas, for a while."""
    _refuse(server, "min-replicas-to-write", 9, 0)


def be_busy(server: RedisServer) -> None:
    """Run a script that does not end, until it is killed."""
    with server.client() as client, server.client() as other:
        client.config_set("lua-time-limit", 100)
        with suppress(redis.RedisError):  # it is killed
            connection = client.connection_pool.get_connection()
            connection.send_command("EVAL", _ENDLESS, 0)
            time.sleep(SHORT_SECONDS)
            other.script_kill()
            connection.disconnect()


def become_replica(server: RedisServer) -> None:
    """Refuse every write as a replica, for a while."""
    with server.client() as client:
        client.replicaof("127.0.0.1", 1)
        time.sleep(SHORT_SECONDS)
        client.replicaof("NO", "ONE")


def drop_clients(server: RedisServer) -> None:
    """Close every connection."""
    with server.client() as client:
        client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


def _refuse(server: RedisServer, option: str, refusing: int, usual: int) -> None:
    with server.client() as client:
        client.config_set(option, refusing)
        time.sleep(SHORT_SECONDS)
        client.config_set(option, usual)


ALONE: Final[tuple[Happening, ...]] = (kill, load_slowly, lose_data, freeze, become_replica)
"""What only a server that nobody stands in for can live through."""
ANYWHERE: Final[tuple[Happening, ...]] = (
    pause_clients,
    forget_scripts,
    empty,
    run_out_of_memory,
    lack_replicas,
    be_busy,
    drop_clients,
)
"""What can happen to any master."""
