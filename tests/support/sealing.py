"""Run the seal script as the writers do, for as many windows as a test asks for."""

import redis

from tokenpulse_shared import scripts
from tokenpulse_shared.counters import SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.keyspace import HOUR_RETENTION_SECONDS, MINUTE_RETENTION_SECONDS, Keyspace


def seal(client: redis.Redis, keyspace: Keyspace, provider: str, most: int = 10_000) -> tuple[int, int]:
    """Pack at most `most` windows that are over by Redis' clock; return (packed, left)."""
    reply = client.eval(
        scripts.source("seal"),
        1,
        keyspace.open_windows(provider),
        most,
        MINUTE_RETENTION_SECONDS,
        HOUR_RETENTION_SECONDS,
        *(keyspace.window_base(kind, provider) for kind in ("metrics", "minutes", "hours")),
        len(WINDOW_COUNTERS),
        *WINDOW_COUNTERS,
        *(keyspace.window_base(quantity, provider) for quantity in SKETCHED),
    )
    packed, left = reply
    return int(packed), int(left)
