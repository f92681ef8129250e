"""Ask every sentinel of a deployment for the master, to see those that are silent or disagree."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

import redis

from tokenpulse_reader.cli.doctor.check import Check, failure, passed, warning
from tokenpulse_shared.connections.many_hosts_url import Host, ManyHostsUrl
from tokenpulse_shared.connections.redis_failures import describe_failure
from tokenpulse_shared.connections.sentinel_directory import QUESTION
from tokenpulse_shared.redis_client import connect

FEW: Final = 3
"""Fewer cannot agree that a master died while one of them is down."""


def check_sentinels(url: ManyHostsUrl) -> Check:
    """Judge whether the sentinels answer, and name one master."""
    answers = {f"{host}:{port}": _ask(url, (host, port)) for host, port in url.hosts}
    masters = {master for master, _ in answers.values() if master is not None}
    items = [f"{sentinel}: {master or silence}" for sentinel, (master, silence) in answers.items()]
    silent = sum(master is None for master, _ in answers.values())
    says = f"{len(answers) - silent} of {len(answers)} name a master"
    if not masters:
        return failure(
            "sentinels", says, "start them, or correct hosts and master's name in the URL", items=items
        )
    if len(masters) > 1:
        to_do = "wait for a failover to end; when it stays, look into the sentinels' logs"
        return warning("sentinels", f"{says}, not the same one", to_do, items=items)
    if silent:
        return warning("sentinels", says, "start the silent ones, or take them out of the URL", items=items)
    if len(answers) < FEW:
        return warning(
            "sentinels", f"{says}: fewer than {FEW}", f"name all of them, {FEW} at least", items=items
        )
    return passed("sentinels", says, items=items)


def _ask(url: ManyHostsUrl, sentinel: Host) -> tuple[str | None, str]:
    """Return (address of the master, why there is none)."""
    try:
        with connect(_url_of(url, sentinel)) as client:
            reply: Any = client.execute_command(*QUESTION, url.service)
    except (redis.RedisError, OSError) as error:
        return None, describe_failure(error).text
    if not reply:
        return None, "knows no master of that name"
    host, port = (part.decode() if isinstance(part, bytes) else str(part) for part in reply)
    return f"{host}:{port}", ""


def _url_of(url: ManyHostsUrl, sentinel: Host) -> str:
    """Return the URL of one sentinel: with its own login, and the TLS options that hold for all."""
    query = "&".join(part for part in urlsplit(url.node_url).query.split("&") if part.startswith("ssl_"))
    host, port = sentinel
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"redis{'s' * url.is_encrypted}://{_login(url.sentinel_login)}{place}/0?{query}"


def _login(login: Mapping[str, str]) -> str:
    if not login:
        return ""
    return f"{quote(login.get('username', ''), safe='')}:{quote(login.get('password', ''), safe='')}@"
