"""What can happen to a Redis server, done to a real one."""

import time
from collections.abc import Callable
from typing import Final

from tests.support.redis_server import RedisServer

Disaster = Callable[[RedisServer], None]

SHORT_SECONDS: Final = 0.5
LONG_SECONDS: Final = 2.0
"""Longer than the writers' timeouts."""


def kill(server: RedisServer) -> None:
    """Kill it; it comes back with all it acknowledged."""
    server.kill()
    time.sleep(SHORT_SECONDS)
    server.restart(keep_data=True)


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
    with server.client() as client:
        client.config_set("maxmemory", 1)
        time.sleep(SHORT_SECONDS)
        client.config_set("maxmemory", 0)


def become_replica(server: RedisServer) -> None:
    """Refuse every write as a replica, for a while."""
    with server.client() as client:
        client.execute_command("REPLICAOF", "127.0.0.1", "1")
        time.sleep(SHORT_SECONDS)
        client.execute_command("REPLICAOF", "NO", "ONE")


def drop_clients(server: RedisServer) -> None:
    """Close every connection."""
    with server.client() as client:
        client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


DISASTERS: Final[dict[str, Disaster]] = {
    disaster.__name__: disaster
    for disaster in (
        kill,
        lose_data,
        freeze,
        pause_clients,
        forget_scripts,
        empty,
        run_out_of_memory,
        become_replica,
        drop_clients,
    )
}
