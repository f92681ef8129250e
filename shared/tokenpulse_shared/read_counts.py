"""Count what a reader asks of Redis, by kind of key, by command.

Bounds: the kinds in `TABLES`, commands in `OPERATIONS`; anything else counts as `other`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

Command = Sequence[str | int | float]

TABLES: Final = frozenset(
    (
        *(
            "metrics",
            "minutes",
            "hours",
            "windows",
            "totals",
            "latency",
            "ttft",
            "tpot",
            "ttfb",
            "first_visible",
        ),
        *("itl", "send_wait", "errors", "circuit", "circuits", "circuit_totals", "models", "providers"),
        *("provider_health", "provider_health_scores_current", "health_lease", "health_term", "health_guard"),
        *("gateways", "gateway", "gateway_models", "apps", "http", "routes", "writers", "trials", "gauges"),
        *("reader", "version"),
    )
)
"""What keys start with after the prefix."""
OPERATIONS: Final = frozenset(
    (
        *("get", "set", "del", "exists", "expire", "hget", "hgetall", "hmget", "hset", "hincrby", "hlen"),
        *("lrange", "zadd", "zcard", "zcount", "zrange", "zrangebyscore", "zrevrange", "zscore", "zrem"),
        *("eval", "evalsha", "info", "ping", "time", "type"),
    )
)
SERVER: Final = "server"
"""The table of commands without a key."""
_SCRIPTED: Final = frozenset(("eval", "evalsha"))


class ReadCounts:
    """Count commands with the time they took; not thread-safe."""

    def __init__(self, prefix: str) -> None:
        self._prefix = len(prefix)
        self._queries: dict[tuple[str, str], int] = {}
        self._seconds: dict[str, float] = {}

    def note(self, commands: Sequence[Command], seconds: float) -> None:
        """Count a batch; each command took an equal share of its seconds. About 0.6 µs a command."""
        share = seconds / len(commands)
        for command in commands:
            table, operation = self._place(command)
            self._queries[table, operation] = self._queries.get((table, operation), 0) + 1
            self._seconds[table] = self._seconds.get(table, 0.0) + share

    def counters(self) -> Mapping[str, int]:
        """Return all counts by name: `queries:<table>:<operation>`, and `query_us:<table>` in microseconds."""
        counters = {f"queries:{table}:{name}": count for (table, name), count in self._queries.items()}
        return counters | {f"query_us:{table}": round(took * 1e6) for table, took in self._seconds.items()}

    def _place(self, command: Command) -> tuple[str, str]:
        operation = str(command[0]).lower()
        at = 3 if operation in _SCRIPTED else 1
        if len(command) <= at or operation in ("info", "client"):
            return SERVER, operation if operation in OPERATIONS else "other"
        table = str(command[at])[self._prefix :].partition(":")[0]
        return (
            table if table in TABLES else "other",
            operation if operation in OPERATIONS else "other",
        )
