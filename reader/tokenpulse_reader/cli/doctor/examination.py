"""Examine a deployment: connect, ask, have each answer judged."""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import redis

from tokenpulse_reader.cli.doctor import connection_checks as way
from tokenpulse_reader.cli.doctor import fleet_checks as fleet
from tokenpulse_reader.cli.doctor import server_checks as server
from tokenpulse_reader.cli.doctor.advice import ADVICE
from tokenpulse_reader.cli.doctor.check import Check, failure, passed, warning
from tokenpulse_reader.cli.doctor.cluster_slots import check_slots
from tokenpulse_reader.cli.doctor.sentinels import check_sentinels
from tokenpulse_reader.cli.doctor.server_facts import ServerFacts, ask_server
from tokenpulse_shared.connections.cluster_client import ClusterClient
from tokenpulse_shared.connections.many_hosts_url import is_many_hosts_url, parse_many_hosts_url
from tokenpulse_shared.connections.redis_failures import describe_failure
from tokenpulse_shared.connections.redis_url import is_memory_url
from tokenpulse_shared.errors import StoreError
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.redis_client import connect
from tokenpulse_shared.rights import Role
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.totals.totals_records import Totals

CLIENT_NAME: Final = "tokenpulse-doctor"


def examine(settings: Settings, roles: Sequence[Role]) -> list[Check]:
    """Return every check, in order; those that need an answer are left out when there was none."""
    if is_memory_url(settings.redis_url):
        says = "memory:// is inside one process: nobody else can look into it, so there is nothing to examine"
        return [passed("connection", says)]
    checks: list[Check] = [way.check_encryption(settings.redis_url)]
    if is_many_hosts_url(settings.redis_url):
        many = parse_many_hosts_url(settings.redis_url)
        checks += [check_sentinels(many)] if many.kind == "sentinel" else []
    with connect(settings.redis_url, name=CLIENT_NAME) as client:
        answers = 0
        for label, found in _ask_all(client, settings, roles):
            if isinstance(found, ServerFacts):
                answers += not found.is_sentinel
                checks += _judged(found, settings, roles)
            else:
                checks.append(_labelled(way.unreachable(describe_failure(found)), label))
        if answers:
            checks += _keyspace(client, settings, roles)
    return checks


def _ask_all(
    client: redis.Redis, settings: Settings, roles: Sequence[Role]
) -> Iterator[tuple[str, ServerFacts | Exception]]:
    """Yield each server's label with its answers, or with why there are none."""
    key = Keyspace(settings.key_prefix).totals(OTHER)
    try:
        nodes = client.nodes() if isinstance(client, ClusterClient) else ()
    except (redis.RedisError, OSError) as error:
        yield "", error
        return
    with contextlib.ExitStack() as stack:
        if isinstance(client, ClusterClient):
            clients = [
                (f"{host}:{port}", stack.enter_context(client.node_client((host, port))))
                for host, port in nodes
            ]
        else:
            clients = [("", client)]
        for label, each in clients:
            try:
                yield label, ask_server(label, each, roles, key)
            except (redis.RedisError, OSError) as error:
                yield label, error


def _judged(facts: ServerFacts, settings: Settings, roles: Sequence[Role]) -> Iterator[Check]:
    for check in _of_server(facts, settings.redis_url.partition("://")[0], roles):
        yield _labelled(check, facts.label)


def _of_server(facts: ServerFacts, scheme: str, roles: Sequence[Role]) -> Iterator[Check]:
    yield way.check_connection(facts)
    if facts.is_sentinel:
        yield server.check_role(facts.info or {}, is_cluster_url=False, writes=False)
        return
    for role in roles:
        yield way.check_rights(facts, role)
    yield way.check_clock(facts)
    info = facts.info
    if info is None:
        yield warning("server", "this user may not ask how the server is", "ACL SETUSER <user> +info")
        return
    is_cluster = scheme.endswith("+cluster")
    yield server.check_version(info)
    yield server.check_role(info, is_cluster_url=is_cluster, writes="writer" in roles)
    yield server.check_eviction(info)
    yield server.check_memory(info)
    yield server.check_persistence(info, facts.saves)
    yield server.check_replicas(info, fails_over=is_cluster or scheme.endswith("+sentinel"))
    yield server.check_clients(info)


def _keyspace(client: redis.Redis, settings: Settings, roles: Sequence[Role]) -> Iterator[Check]:
    try:
        if isinstance(client, ClusterClient):
            yield check_slots(client)
        version = fleet.check_keyspace(client.get(Keyspace(settings.key_prefix).version()))
    except (redis.RedisError, OSError) as error:
        found = describe_failure(error)
        yield failure("keyspace", found.text, ADVICE[found.kind])
        return
    yield version
    if version.status == "ok" and "reader" in roles:  # a writer may not read the rest
        yield from _fleet(settings)


def _fleet(settings: Settings) -> Iterator[Check]:
    try:
        totals = asyncio.run(_load(settings))
    except StoreError as error:
        to_do = "see what failed above; a reader needs the rights to read"
        yield failure("data", str(error), to_do)
        return
    yield fleet.check_series(totals)
    for app in totals.apps:
        yield fleet.check_writers(app, totals)
        yield fleet.check_losses(app)
    yield fleet.check_foreign_keys(totals)


async def _load(settings: Settings) -> Totals:
    async with MetricsStore(settings=settings) as store:
        return await store.totals()


def _labelled(check: Check, label: str) -> Check:
    return replace(check, name=f"{check.name} ({label})") if label else check
