"""Judge what a server says of itself, pure: version, role, eviction, memory, persistence, load."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tokenpulse_reader.cli.doctor.check import Check, failure, passed, warning

OLDEST: Final = (6, 2)
"""The oldest Redis that has every command tokenpulse uses."""
FULL: Final = 0.95
NEARLY_FULL: Final = 0.8
MANY_CLIENTS: Final = 0.9
LAG_SECONDS: Final = 10
"""A replica further behind than this loses what a failover would have kept; workers replay a minute."""

Info = Mapping[str, Any]


def check_version(info: Info) -> Check:
    """Judge whether the server is new enough; Valkey counts as the Redis it is compatible with."""
    text = str(info.get("redis_version", ""))
    digits = tuple(int(part) for part in text.split(".")[:2] if part.isdecimal())
    name = f"Redis {text}"
    if "valkey_version" in info:
        name = f"Valkey {info['valkey_version']}, as Redis {text}"
    if len(digits) < 2:
        return warning("version", "the server does not say its version", "use Redis 6.2 or newer")
    if digits < OLDEST:
        return failure("version", f"{name} lacks commands that tokenpulse uses", "use Redis 6.2 or newer")
    return passed("version", name)


def check_role(info: Info, *, is_cluster_url: bool, writes: bool) -> Check:
    """Judge whether this server is one to talk to by this URL; `writes`: a writer is meant to."""
    mode = info.get("redis_mode")
    if mode == "sentinel":
        to_do = "use redis+sentinel://host:26379/master-name/0: it asks the sentinel for the master"
        return failure("role", "this is a Sentinel, it holds no data", to_do)
    if mode == "cluster" and not is_cluster_url:
        to_do = "use redis+cluster://host:port: this URL reaches only the keys of one node"
        return failure("role", "this is one node of a Redis Cluster", to_do)
    if info.get("role") == "slave":
        to_do = "point the URL at the master, or use redis+sentinel:// to have it found"
        if writes:
            return failure("role", "this is a replica: it refuses writes", to_do)
        return warning("role", "this is a replica: a reader sees what it has copied so far", to_do)
    return passed("role", f"master, {mode or 'standalone'}")


def check_eviction(info: Info) -> Check:
    """Judge what the server throws away when its memory is full."""
    policy, limit = str(info.get("maxmemory_policy", "noeviction")), int(info.get("maxmemory", 0))
    if policy == "noeviction":
        return passed("eviction", "noeviction: nothing is thrown away")
    if not limit:
        return passed("eviction", f"{policy}, but without a limit of memory nothing is thrown away")
    victims = (
        "keys with a time to live, and all of tokenpulse's counters have one"
        if policy.startswith("volatile")
        else "keys of any series"
    )
    evicted = int(info.get("evicted_keys", 0))
    so_far = f"; keys gone since the server started: {evicted}" if evicted else ""
    return warning(
        "eviction",
        f"{policy}: when memory is full the server throws away {victims}{so_far}",
        "set maxmemory-policy noeviction, and enough maxmemory, or give tokenpulse a Redis of its own",
    )


def check_memory(info: Info) -> Check:
    """Judge how full the server is."""
    used, limit = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    if not limit:
        return passed("memory", f"{_megabytes(used)} used, no limit")
    share = used / limit
    says = f"{_megabytes(used)} of {_megabytes(limit)} used, {share:.0%}"
    to_do = "raise maxmemory, or move other data away"
    if share >= FULL:
        return failure("memory", f"{says}: writes are refused, or keys thrown away", to_do)
    return warning("memory", says, to_do) if share >= NEARLY_FULL else passed("memory", says)


def check_persistence(info: Info, saves: str | None) -> Check:
    """Judge what is left after the server restarts; `saves`: its save points, None when they are not known."""
    last_saves = {
        name: info.get(name) for name in ("rdb_last_bgsave_status", "aof_last_write_status") if name in info
    }
    broken = [name for name, status in last_saves.items() if status != "ok"]
    if broken:
        to_do = "look into the server's log, and at its disk: it may refuse all writes until it can save"
        return failure("persistence", f"the last save failed ({', '.join(broken)})", to_do)
    if info.get("aof_enabled"):
        return passed("persistence", "append-only file")
    if saves:
        return passed("persistence", f"snapshots only (save {saves}): a crash loses what came after the last")
    if saves is None:
        return passed("persistence", "no append-only file; this user may not see whether snapshots are made")
    return warning(
        "persistence",
        "nothing is saved: a restart loses what was counted, but for what workers replay (about a minute)",
        "set appendonly yes, or save points, when the numbers shall outlive a restart of Redis",
    )


def check_replicas(info: Info, *, fails_over: bool) -> Check:
    """Judge the replicas; `fails_over`: the deployment is meant to replace a master that died."""
    count = int(info.get("connected_slaves", 0))
    if not count:
        if fails_over:
            return warning(
                "replicas", "none: when this master dies nothing can take its place", "start a replica"
            )
        return passed("replicas", "none")
    behind = list(_behind(info, count))
    if behind:
        to_do = "look after them: a failover now loses what they have not copied, but for what workers replay"
        says = f"behind or not online: {len(behind)} of {count}"
        return warning("replicas", says, to_do, items=behind)
    return passed("replicas", f"{count}, none behind")


def check_clients(info: Info) -> Check:
    """Judge whether there is room for more connections."""
    connected, most = int(info.get("connected_clients", 0)), int(info.get("maxclients", 0))
    says = f"{connected} connected" + (f", {most} at most" if most else "")
    if most and connected >= MANY_CLIENTS * most:
        return warning(
            "clients", says, "raise maxclients: every worker needs one connection, a reader up to 8"
        )
    return passed("clients", says)


def _behind(info: Info, count: int) -> Iterator[str]:
    for number in range(count):
        replica = info.get(f"slave{number}", {})
        lag, state = int(replica.get("lag", 0)), replica.get("state")
        if state != "online" or lag > LAG_SECONDS:
            yield f"{replica.get('ip')}:{replica.get('port')} {state}, last heard {lag} s ago"


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
