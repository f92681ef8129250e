"""Call the apply script by hand, without a writer."""

from typing import Any, Final

import orjson
import redis

from tokenpulse_shared import scripts
from tokenpulse_shared.keyspace import Keyspace

GUARD: Final = Keyspace().totals("p")


def apply(
    client: redis.Redis, previous: int, sequence: int, writer: str = "w", **operations: Any
) -> list[Any]:
    """Return the reply to one batch; `operations` as the script reads them, by kind."""
    kinds = ("increments", "sketches", "scores", "lists", "calls")
    payload = orjson.dumps({kind: [] for kind in kinds} | operations)
    reply: list[Any] = client.eval(
        scripts.source("apply"), 1, GUARD, writer, previous, sequence, 1000, payload
    )
    return reply


def hash_of(client: redis.Redis, key: str) -> dict[str, str]:
    """Return the fields of a hash as text."""
    return {name.decode(): value.decode() for name, value in client.hgetall(key).items()}
