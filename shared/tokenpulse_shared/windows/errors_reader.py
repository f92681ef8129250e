"""Read the last errors of a provider."""

from typing import Any, Final, TypedDict

import orjson

from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.redis_reads import RedisReads


class RecentError(TypedDict):
    """Hold one error as it was written; `timestamp` is epoch seconds, what is not known is None."""

    model: str | None
    error: str | None
    type: str | None
    status: int | None
    timestamp: float | None
    latency_ms: float | None


_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "model": str,
    "error": str,
    "type": str,
    "status": int,
    "timestamp": (int, float),
    "latency_ms": (int, float),
}


def _decoded(item: bytes) -> RecentError | None:
    """Return the error an item holds; None when something else wrote it."""
    try:
        values: Any = orjson.loads(item)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(values, dict) or not all(
        values.get(name) is None or isinstance(values[name], kind) for name, kind in _TYPES.items()
    ):
        return None
    return RecentError(
        model=values.get("model"),
        error=values.get("error"),
        type=values.get("type"),
        status=values.get("status"),
        timestamp=values.get("timestamp"),
        latency_ms=values.get("latency_ms"),
    )


async def load_recent_errors(
    reads: RedisReads, keyspace: Keyspace, provider: str, limit: int
) -> list[RecentError]:
    """Return at most `limit` errors, newest first; an item that is no such error is left out.

    Raises:
        StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
    """
    key = keyspace.errors(provider)
    reply = await reads.one("LRANGE", key, 0, limit - 1)
    if not reads.usable(key, reply, list):
        return []
    decoded = [_decoded(item) for item in reply]
    if None in decoded:
        reads.corrupt_keys.note(key, "an item is no error of tokenpulse")
    return [error for error in decoded if error is not None]
