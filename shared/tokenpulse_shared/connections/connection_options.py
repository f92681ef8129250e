"""The options that every connection to Redis is made with.

redis-py's own retries re-send a whole transaction when a reply is lost, so they are off; timeouts are always
set; protocol 2, because version 8.1.0 with maintenance notifications can serve stale bytes after a stray reply.
"""

from typing import Any, Final

from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from tokenpulse_shared.connections.host_lookup import HostLookup
from tokenpulse_shared.connections.redis_greeting import greet

TIMEOUT_SECONDS: Final = 1.0
"""Longest wait for a connection or a reply: a flush must end within 1 s."""
WRITER_CONNECTIONS: Final = 2
READER_CONNECTIONS: Final = 8


def blocking_options(name: str, timeout_seconds: float) -> dict[str, Any]:
    """Return what a blocking, bounded connection takes, besides where to."""
    return {
        **_options(name, timeout_seconds),
        "retry": Retry(NoBackoff(), 0),
        "redis_connect_func": greet,
        "lookup": HostLookup(),
    }


def async_options(name: str, timeout_seconds: float) -> dict[str, Any]:
    """Return what an asyncio connection takes, besides where to."""
    return {**_options(name, timeout_seconds), "retry": AsyncRetry(NoBackoff(), 0)}


def _options(name: str, timeout_seconds: float) -> dict[str, Any]:
    return {
        "client_name": name,
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "protocol": 2,
        "decode_responses": False,
    }
