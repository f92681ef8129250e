"""Turn a URL into a Redis client that never retries behind our back.

redis-py's own retries re-send a whole transaction when a reply is lost, so they are off; timeouts are always
set; protocol 2, because version 8.1.0 with maintenance notifications can serve stale bytes after a stray reply.
"""

from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from tokenpulse_shared.errors import SettingsError
from tokenpulse_shared.redis_url import is_memory_url

if TYPE_CHECKING:
    from fakeredis import FakeServer

TIMEOUT_SECONDS: Final = 1.0
"""Longest wait for a connection or a reply: a flush must end within 1 s."""
WRITER_CONNECTIONS: Final = 2
READER_CONNECTIONS: Final = 8


def _options(name: str, timeout_seconds: float, connections: int) -> dict[str, Any]:
    return {
        "client_name": name,
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "max_connections": connections,
        "protocol": 2,
        "decode_responses": False,
    }


@cache
def memory_server(name: str) -> "FakeServer":
    """Return the embedded store of this process with that name; the same one at every call.

    Raises:
        SettingsError: fakeredis is not installed.
    """
    try:
        from fakeredis import FakeServer
    except ImportError as error:
        raise SettingsError(
            "redis_url", "memory://", "fakeredis to be installed (pip install 'tokenpulse[reader]')"
        ) from error
    return FakeServer(server_type="redis", version=(7,))


def connect(url: str, *, name: str = "tokenpulse", timeout_seconds: float = TIMEOUT_SECONDS) -> redis.Redis:
    """Return a blocking client; nothing connects until its first command."""
    if is_memory_url(url):
        server = memory_server(urlsplit(url).netloc)
        from fakeredis import FakeRedis

        return FakeRedis(server=server)
    options = _options(name, timeout_seconds, WRITER_CONNECTIONS)
    return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **options)


def connect_async(
    url: str, *, name: str = "tokenpulse-reader", timeout_seconds: float = TIMEOUT_SECONDS
) -> redis.asyncio.Redis:
    """Return an asyncio client for the running loop; nothing connects until its first command."""
    if is_memory_url(url):
        server = memory_server(urlsplit(url).netloc)
        from fakeredis import FakeAsyncRedis

        return FakeAsyncRedis(server=server)
    options = _options(name, timeout_seconds, READER_CONNECTIONS)
    return redis.asyncio.Redis.from_url(url, retry=AsyncRetry(NoBackoff(), 0), **options)
