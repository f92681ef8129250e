"""Turn a URL into a Redis client that never retries behind our back."""

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import redis
import redis.asyncio

from tokenpulse_shared.connections.bounded_connection import (
    BoundedConnection,
    BoundedTlsConnection,
    BoundedUnixConnection,
)
from tokenpulse_shared.connections.connection_options import (
    READER_CONNECTIONS,
    TIMEOUT_SECONDS,
    WRITER_CONNECTIONS,
    async_options,
    blocking_options,
)
from tokenpulse_shared.connections.many_hosts_client import connect_many, connect_many_async
from tokenpulse_shared.connections.many_hosts_url import is_many_hosts_url, parse_many_hosts_url
from tokenpulse_shared.connections.odd_replies import refuse_odd_replies, refuse_odd_replies_async
from tokenpulse_shared.connections.redis_url import is_memory_url
from tokenpulse_shared.errors import SettingsError

if TYPE_CHECKING:
    from fakeredis import FakeServer


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
    if is_many_hosts_url(url):
        return connect_many(parse_many_hosts_url(url), name, timeout_seconds)
    client = redis.Redis.from_url(
        url,
        connection_class=_connection_class(url),
        max_connections=WRITER_CONNECTIONS,
        **blocking_options(name, timeout_seconds),
    )
    refuse_odd_replies(client)
    return client


def connect_async(
    url: str, *, name: str = "tokenpulse-reader", timeout_seconds: float = TIMEOUT_SECONDS
) -> redis.asyncio.Redis:
    """Return an asyncio client for the running loop; nothing connects until its first command."""
    if is_memory_url(url):
        server = memory_server(urlsplit(url).netloc)
        from fakeredis import FakeAsyncRedis

        return FakeAsyncRedis(server=server)
    if is_many_hosts_url(url):
        return connect_many_async(parse_many_hosts_url(url), name, timeout_seconds)
    options = async_options(name, timeout_seconds)
    client = redis.asyncio.Redis.from_url(url, max_connections=READER_CONNECTIONS, **options)
    refuse_odd_replies_async(client)
    return client


def _connection_class(url: str) -> type[redis.connection.AbstractConnection]:
    scheme = urlsplit(url).scheme
    if scheme == "unix":
        return BoundedUnixConnection
    return BoundedTlsConnection if scheme == "rediss" else BoundedConnection
