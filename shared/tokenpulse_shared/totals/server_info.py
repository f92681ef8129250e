"""Load what the Redis server says of itself; of a cluster what all its masters say, added up.

Of a cluster `uptime_in_seconds` is that of the youngest master, and `maxmemory` is 0, no limit, where any has none.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import redis.asyncio
from redis.exceptions import RedisError, ResponseError

from tokenpulse_shared.connections.cluster_async_client import ClusterAsyncClient
from tokenpulse_shared.totals.totals_records import RedisInfo

_UPTIME: Final = "uptime_in_seconds"
_LIMIT: Final = "maxmemory"


async def load_server_info(client: redis.asyncio.Redis) -> RedisInfo | None:
    """Return what INFO says; None when the server refuses it, or a master of a cluster does not answer.

    Raises:
        redis.RedisError: the server could not be reached; of a cluster, no node.
    """
    try:
        if not isinstance(client, ClusterAsyncClient):
            return decode_info(await client.info())
        nodes = await client.nodes()
    except ResponseError:
        return None
    infos = await asyncio.gather(*(_of_node(client.node_client(node)) for node in nodes))
    return add_infos([info for info in infos if info is not None]) if all(infos) else None


async def _of_node(client: redis.asyncio.Redis) -> RedisInfo | None:
    async with client:
        try:
            return decode_info(await client.info())
        except (RedisError, OSError):  # counted by whoever reads its keys
            return None


def decode_info(reply: Mapping[str, Any]) -> RedisInfo:
    """Return what INFO says; redis-py gives numbers as int or float, databases as dicts."""
    return RedisInfo(
        numbers={name: value for name, value in reply.items() if type(value) is int},
        keys={
            name.removeprefix("db"): value["keys"]
            for name, value in reply.items()
            if name.startswith("db") and isinstance(value, dict) and "keys" in value
        },
    )


def add_infos(infos: Sequence[RedisInfo]) -> RedisInfo:
    """Return the sum of what several servers say; a number that one of them does not tell is not known."""
    told = set.intersection(*(set(info.numbers) for info in infos)) if infos else set()
    numbers = {name: sum(info.numbers[name] for info in infos) for name in sorted(told)}
    if _UPTIME in numbers:
        numbers[_UPTIME] = min(info.numbers[_UPTIME] for info in infos)
    if _LIMIT in numbers and not all(info.numbers[_LIMIT] for info in infos):
        numbers[_LIMIT] = 0
    keys: dict[str, int] = {}
    for info in infos:
        for database, count in info.keys.items():
            keys[database] = keys.get(database, 0) + count
    return RedisInfo(numbers=numbers, keys=keys)
