"""What a Redis user must be allowed to do for tokenpulse, with a trial that changes nothing.

Strategy: Redis checks a user's rights, on commands as well as on keys, when a command is queued in a
transaction. So each command is queued, and the transaction is thrown away: nothing is ever executed, every
version since 6.0 answers alike, and no right to look at rights is needed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import redis

from tokenpulse_shared.connections.redis_failures import describe_failure
from tokenpulse_shared.keyspace import DEFAULT_PREFIX

Argument = str | int
_KEY: Final = "<key>"
"""Stands for a key of ours in the trials."""

Trial = tuple[Argument, ...]
_MULTI: Final = ("multi", ("MULTI",))
TRIALS: Final[Mapping[str, Trial]] = {
    "client|setname": ("CLIENT", "SETNAME", "tokenpulse-rights"),
    "del": ("DEL", _KEY),
    "eval": ("EVAL", "return 1", 1, _KEY),
    "evalsha": ("EVALSHA", "0" * 40, 1, _KEY),
    "exists": ("EXISTS", _KEY),
    "expire": ("EXPIRE", _KEY, 1),
    "get": ("GET", _KEY),
    "hdel": ("HDEL", _KEY, "f"),
    "hexists": ("HEXISTS", _KEY, "f"),
    "hget": ("HGET", _KEY, "f"),
    "hgetall": ("HGETALL", _KEY),
    "hincrby": ("HINCRBY", _KEY, "f", 1),
    "hlen": ("HLEN", _KEY),
    "hmget": ("HMGET", _KEY, "f"),
    "hset": ("HSET", _KEY, "f", "v"),
    "info": ("INFO",),
    "lpush": ("LPUSH", _KEY, "v"),
    "lrange": ("LRANGE", _KEY, 0, 0),
    "ltrim": ("LTRIM", _KEY, 0, 0),
    "ping": ("PING",),
    "set": ("SET", _KEY, "v"),
    "time": ("TIME",),
    "type": ("TYPE", _KEY),
    "zadd": ("ZADD", _KEY, 0, "m"),
    "zcard": ("ZCARD", _KEY),
    "zrange": ("ZRANGE", _KEY, 0, 0),
    "zrangebyscore": ("ZRANGEBYSCORE", _KEY, 0, 0),
    "zrem": ("ZREM", _KEY, "m"),
    "zremrangebyscore": ("ZREMRANGEBYSCORE", _KEY, 0, 0),
    "zscore": ("ZSCORE", _KEY, "m"),
}
"""Command as an ACL names it → how it is tried."""

Role = Literal["writer", "reader", "operator"]
"""`operator`: a reader that also computes the health scores for all, and takes what is posted."""

_SCRIPTED: Final = (
    "del",
    "expire",
    "get",
    "hdel",
    "hget",
    "hgetall",
    "hincrby",
    "hlen",
    "hset",
    "info",
    "lpush",
    "ltrim",
    "set",
    "time",
    "type",
    "zadd",
    "zcard",
    "zrangebyscore",
    "zrem",
    "zremrangebyscore",
    "zscore",
)
_WRITES: Final = ("multi", "exec", "discard", "client|setname", "eval", "evalsha", *_SCRIPTED)
_READS: Final = (
    *("multi", "exec", "discard", "client|setname", "get", "hgetall", "hmget", "info", "lrange", "ping"),
    *("time", "zcard", "zrange", "zscore"),
)
COMMANDS: Final[Mapping[Role, tuple[str, ...]]] = {
    "writer": _WRITES,
    "reader": _READS,
    "operator": tuple(dict.fromkeys((*_WRITES, *_READS, "exists", "hexists"))),
}
"""What each side needs, on keys that begin with its prefix; AUTH is always allowed."""


IN_A_CLUSTER: Final = ("cluster|slots", "asking")
"""What both need besides on a Redis Cluster: where each key is."""
AT_SENTINELS: Final = ("sentinel|get-master-addr-by-name", "client|setname")
"""All that the user of the sentinels must be allowed, whatever the role."""


def acl_rules(role: Role, prefix: str = DEFAULT_PREFIX) -> list[str]:
    """Return what follows `ACL SETUSER <name> on ><password>` for a user with these rights and no others."""
    return [f"~{prefix}*", *(f"+{command}" for command in COMMANDS[role])]


def lacking_rights(client: redis.Redis, role: Role, key: str) -> list[str]:
    """Return what the client's user may not do, named as an ACL names it, in the order of `COMMANDS`.

    A command that is allowed, but not on our keys, reads `hset on these keys`. Without `multi` nothing else can
    be tried: it is then all that is named. `key` is one of ours; nothing is done to it.

    Raises:
        redis.RedisError: the server could not be reached.
        OSError: the connection broke in a way the driver does not translate.
    """
    # Of a cluster any node will do: rights come before the question whose key it is.
    with client.client() as alone:  # type: ignore[no-untyped-call]  # untyped in redis-py
        connection: Any = alone.connection
        is_over = False
        try:
            lacking = _refused(connection, [_MULTI, ("exec", ("EXEC",))], key)
            if "multi" in lacking:
                return ["multi"]
            trials = [(name, TRIALS[name]) for name in COMMANDS[role] if name in TRIALS]
            refused = _refused(connection, [_MULTI, *trials], key)
            discard = _refused(connection, [("discard", ("DISCARD",))], key)
            is_over = not discard
            return [*lacking, *discard, *refused]
        finally:
            if not is_over:
                connection.disconnect()  # which discards what was queued as well


def _refused(connection: Any, trials: Sequence[tuple[str, Trial]], key: str) -> list[str]:
    commands = [tuple(key if word == _KEY else word for word in trial) for _, trial in trials]
    connection.send_packed_command(connection.pack_commands(commands))
    lacking: list[str] = []
    for name, _ in trials:
        try:
            connection.read_response()
        except redis.ResponseError as error:
            failure = describe_failure(error)
            if failure.kind == "not_permitted":
                lacking.append(
                    name if failure.detail.split("|")[0] == name.split("|")[0] else f"{name} on these keys"
                )
    return lacking
