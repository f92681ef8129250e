"""Make clients of Sentinel deployments and of clusters."""

from typing import Any

import redis
import redis.asyncio
from redis.asyncio.connection import parse_url as parse_async_url
from redis.connection import parse_url

from tokenpulse_shared.connections.bounded_connection import BoundedConnection, BoundedTlsConnection
from tokenpulse_shared.connections.cluster_async_client import ClusterAsyncClient
from tokenpulse_shared.connections.cluster_client import ClusterClient
from tokenpulse_shared.connections.connection_options import (
    READER_CONNECTIONS,
    WRITER_CONNECTIONS,
    async_options,
    blocking_options,
)
from tokenpulse_shared.connections.many_hosts_url import Host, ManyHostsUrl
from tokenpulse_shared.connections.odd_replies import refuse_odd_replies, refuse_odd_replies_async
from tokenpulse_shared.connections.sentinel_async_connection import (
    SentinelAsyncConnection,
    SentinelAsyncGuide,
    SentinelAsyncTlsConnection,
)
from tokenpulse_shared.connections.sentinel_connection import (
    SentinelConnection,
    SentinelGuide,
    SentinelTlsConnection,
)
from tokenpulse_shared.connections.sentinel_directory import SentinelDirectory


def connect_many(url: ManyHostsUrl, name: str, timeout_seconds: float) -> redis.Redis:
    """Return a blocking client; nothing connects until its first command."""
    options = blocking_options(name, timeout_seconds)
    of_data = {**_without_host(parse_url(url.node_url)), **options}  # type: ignore[no-untyped-call]  # untyped in redis-py
    node_class = BoundedTlsConnection if url.is_encrypted else BoundedConnection
    if url.kind == "cluster":

        def pool_of(node: Host) -> redis.ConnectionPool:
            return redis.ConnectionPool(
                connection_class=node_class,
                max_connections=WRITER_CONNECTIONS,
                host=node[0],
                port=node[1],
                **of_data,
            )

        return ClusterClient(url.hosts, pool_of, timeout_seconds)
    directory = SentinelDirectory(url.hosts, url.service)
    guide = SentinelGuide(directory, node_class, {**_tls(of_data), **options, **url.sentinel_login})
    pool = redis.ConnectionPool(
        connection_class=SentinelTlsConnection if url.is_encrypted else SentinelConnection,
        max_connections=WRITER_CONNECTIONS,
        guide=guide,
        **of_data,
    )
    client = redis.Redis(connection_pool=pool)
    refuse_odd_replies(client)
    return client


def connect_many_async(url: ManyHostsUrl, name: str, timeout_seconds: float) -> redis.asyncio.Redis:
    """Return an asyncio client for the running loop; nothing connects until its first command."""
    options = async_options(name, timeout_seconds)
    of_data = {**_without_host(parse_async_url(url.node_url)), **options}
    node_class = redis.asyncio.SSLConnection if url.is_encrypted else redis.asyncio.Connection
    if url.kind == "cluster":

        def pool_of(node: Host) -> redis.asyncio.ConnectionPool:
            return redis.asyncio.ConnectionPool(
                connection_class=node_class,
                max_connections=READER_CONNECTIONS,
                host=node[0],
                port=node[1],
                **of_data,
            )

        return ClusterAsyncClient(url.hosts, pool_of)
    directory = SentinelDirectory(url.hosts, url.service)
    guide = SentinelAsyncGuide(directory, node_class, {**_tls(of_data), **options, **url.sentinel_login})
    guided_class = SentinelAsyncTlsConnection if url.is_encrypted else SentinelAsyncConnection
    pool = redis.asyncio.ConnectionPool(
        connection_class=guided_class, max_connections=READER_CONNECTIONS, guide=guide, **of_data
    )
    client = redis.asyncio.Redis.from_pool(pool)
    refuse_odd_replies_async(client)
    return client


def _without_host(parsed: Any) -> dict[str, Any]:
    """Return what redis-py read in a URL that is true of every node, with its login."""
    return {name: value for name, value in parsed.items() if name not in ("host", "port", "connection_class")}


def _tls(of_data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in of_data.items() if name.startswith("ssl_")}
