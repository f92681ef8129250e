"""Say which Redis URLs can be used, before anything connects."""

from typing import Final
from urllib.parse import urlsplit

from tokenpulse_shared.connections.many_hosts_url import SHAPES, is_many_hosts_url, parse_many_hosts_url
from tokenpulse_shared.connections.redis_url_options import check_url_options

MEMORY_SCHEME: Final = "memory"
_NETWORK_SCHEMES: Final = ("redis", "rediss")
_ACCEPTED: Final = (
    f"redis://host:port/db, rediss://…, {', '.join(SHAPES.values())}, unix:///path or memory://"
)


def check_redis_url(url: str) -> str:
    """Return the URL as it is when a client can be made from it.

    Raises:
        ValueError: what was expected instead; the URL itself is not repeated, it may hold a password.
    """
    if is_many_hosts_url(url):
        parse_many_hosts_url(url)
        return url
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"a URL with a port from 0 to 65535 ({_ACCEPTED})") from error
    if parts.scheme == MEMORY_SCHEME:
        return url
    if parts.scheme == "unix" and parts.path:
        check_url_options(parts.query, is_encrypted=False)
        return url
    if parts.scheme not in _NETWORK_SCHEMES or not parts.hostname or port == 0:
        raise ValueError(_ACCEPTED)
    database = parts.path.strip("/")
    if database and not database.isdecimal():
        raise ValueError(f"a database number after the host ({_ACCEPTED})")
    check_url_options(parts.query, is_encrypted=parts.scheme == "rediss")
    return url


def is_memory_url(url: str) -> bool:
    """Tell whether the URL names a store inside this process."""
    return url.partition(":")[0].lower() == MEMORY_SCHEME
