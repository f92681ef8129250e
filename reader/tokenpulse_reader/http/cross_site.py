"""Tell whether a browser sent a request from a page of another site, pure.

Strategy: that of Go's `net/http.CrossOriginProtection`. `Sec-Fetch-Site` decides where a browser sends it; else
the host of `Origin` must be that of `Host`. What sends neither is no browser. It can only refuse: nothing is
opened by these headers.
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

_OWN: Final = frozenset((b"same-origin", b"none"))
_LOOKED_AT: Final = frozenset((b"sec-fetch-site", b"origin", b"host"))


def is_cross_site(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Tell whether the headers are those of a page of another site; a header that is doubled counts as that."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        lowered = name.lower()
        if lowered in _LOOKED_AT:
            if lowered in found:
                return True
            found[lowered] = value
    site, origin = found.get(b"sec-fetch-site"), found.get(b"origin")
    if site is not None:
        return site.lower() not in _OWN
    return origin is not None and _host_of(origin) != found.get(b"host", b"").lower()


def _host_of(origin: bytes) -> bytes | None:
    """Return the host with the port as the origin names them, None for what is no origin of the web."""
    try:
        parts = urlsplit(origin.decode("ascii").lower())
    except ValueError:  # UnicodeDecodeError is one
        return None
    return parts.netloc.encode() if parts.scheme in ("http", "https") and parts.netloc else None
