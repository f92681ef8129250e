"""Take apart the URLs that name several servers: of a Sentinel deployment, of a cluster."""

import re
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from tokenpulse_shared.connections.redis_url_options import LOGIN_OPTIONS, Check, check_url_options

Host = tuple[str, int]
"""A name or an address, and a port."""
Kind = Literal["sentinel", "cluster"]

SHAPES: Final[dict[Kind, str]] = {
    "sentinel": "redis+sentinel://host:port,host:port/master-name/db",
    "cluster": "redis+cluster://host:port,host:port",
}
DEFAULT_PORTS: Final[dict[Kind, int]] = {"sentinel": 26379, "cluster": 6379}
_SCHEME: Final = re.compile(r"(rediss?)\+(sentinel|cluster)", re.IGNORECASE)
_PARTS: Final = re.compile(r"([^/?#]*)([^?#]*)(?:\?([^#]*))?")


_ONLY_ZERO: Final = "database 0, the only one a cluster has"


def _zero(value: str) -> str | None:
    return None if value in ("", "0") else _ONLY_ZERO


_MORE_OPTIONS: Final[dict[Kind, dict[str, Check]]] = {
    "sentinel": dict.fromkeys(("sentinel_username", "sentinel_password"), LOGIN_OPTIONS["password"]),
    "cluster": {"db": _zero},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyHostsUrl:
    """Hold what such a URL says.

    `hosts`: sentinels, or nodes of the cluster, as given, at least one. `service`: the master's name, empty for a
    cluster. `node_url`: a URL of one server, as redis-py reads it, with the login, the database and the options
    for every server that holds data; its host is the first. `sentinel_login`: username and password for the
    sentinels, those that were given.
    """

    kind: Kind
    is_encrypted: bool
    hosts: tuple[Host, ...]
    service: str = ""
    node_url: str = field(repr=False)
    sentinel_login: dict[str, str] = field(repr=False, default_factory=dict)


def is_many_hosts_url(url: str) -> bool:
    """Tell whether the scheme is one of Sentinel's or the cluster's."""
    return _SCHEME.fullmatch(url.partition("://")[0]) is not None


def parse_many_hosts_url(url: str) -> ManyHostsUrl:
    """Return what the URL says.

    Raises:
        ValueError: what was expected instead; no secret is repeated.
    """
    scheme, _, rest = url.partition("://")
    matched = _SCHEME.fullmatch(scheme)
    parts = _PARTS.match(rest)
    if matched is None or parts is None:
        raise ValueError(" or ".join(SHAPES.values()))
    node_scheme, kind = matched[1].lower(), _kind(matched[2])
    login, at, listed = parts[1].rpartition("@")
    hosts = tuple(_host(item, kind) for item in listed.split(","))
    service, database = _service_with_database(parts[2], kind)
    query = parts[3] or ""
    check_url_options(query, is_encrypted=node_scheme == "rediss", more=_MORE_OPTIONS[kind])
    options = parse_qsl(query, keep_blank_values=True)
    for_nodes = [(name, value) for name, value in options if not name.startswith("sentinel_")]
    name, port = hosts[0]
    host = f"[{name}]" if ":" in name else name
    return ManyHostsUrl(
        kind=kind,
        is_encrypted=node_scheme == "rediss",
        hosts=hosts,
        service=service,
        node_url=f"{node_scheme}://{login}{at}{host}:{port}/{database}?{urlencode(for_nodes)}",
        sentinel_login={
            name.removeprefix("sentinel_"): value for name, value in options if name.startswith("sentinel_")
        },
    )


def _kind(word: str) -> Kind:
    return "sentinel" if word.lower() == "sentinel" else "cluster"


def _host(item: str, kind: Kind) -> Host:
    try:
        parts = urlsplit(f"//{item}")
        name, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"hosts with ports from 1 to 65535 ({SHAPES[kind]})") from error
    if not name or port == 0 or parts.path or parts.query:
        raise ValueError(f"one or more hosts, separated by commas ({SHAPES[kind]})")
    return name, port or DEFAULT_PORTS[kind]


def _service_with_database(path: str, kind: Kind) -> tuple[str, str]:
    first, *others = path.strip("/").split("/")
    if kind == "cluster":
        if others or _zero(first):
            raise ValueError(f"{_ONLY_ZERO} ({SHAPES[kind]})")
        return "", "0"
    database = others[0] if others else "0"
    if not first or len(others) > 1 or not database.isdecimal():
        raise ValueError(f"the master's name and a database number after the hosts ({SHAPES[kind]})")
    return unquote(first), database
