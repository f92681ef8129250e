"""Rows of the metric table on the Redis server, from INFO; of a cluster its masters' sums (see `server_info`)."""

from typing import Final

from tokenpulse_reader.exposition.metric import Kind, Metric

REDIS_NUMBERS: Final[dict[str, tuple[str, Kind, str]]] = {
    "redis_memory_used_bytes": ("used_memory", "gauge", "Memory Redis uses, in bytes."),
    "redis_memory_max_bytes": ("maxmemory", "gauge", "Memory Redis may use, in bytes; 0 is without a limit."),
    "redis_connected_clients": ("connected_clients", "gauge", "Connections to Redis."),
    "redis_uptime_in_seconds": ("uptime_in_seconds", "gauge", "Time since Redis started, in seconds."),
    "redis_commands_processed_total": ("total_commands_processed", "counter", "Commands Redis processed."),
    "redis_keyspace_hits_total": ("keyspace_hits", "counter", "Look-ups of keys that exist."),
    "redis_keyspace_misses_total": ("keyspace_misses", "counter", "Look-ups of keys that do not exist."),
    "redis_expired_keys_total": ("expired_keys", "counter", "Keys that reached their time to live."),
    "redis_evicted_keys_total": ("evicted_keys", "counter", "Keys Redis evicted to stay within its memory."),
    "redis_total_connections_received_total": (
        "total_connections_received",
        "counter",
        "Connections Redis accepted.",
    ),
}
"""Metric → field of INFO, type, help."""

REDIS: Final[tuple[Metric, ...]] = (
    Metric(
        name="redis_up",
        kind="gauge",
        category="system",
        labels=(),
        help="1 when Redis answered the last time it was asked, 0 when it did not.",
    ),
    *(
        Metric(name=name, kind=kind, category="system", labels=(), help=text)
        for name, (_, kind, text) in REDIS_NUMBERS.items()
    ),
    Metric(name="redis_db_keys", kind="gauge", category="system", labels=("db",), help="Keys by database."),
)
