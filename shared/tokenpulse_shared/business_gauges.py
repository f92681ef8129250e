"""Keep the numbers that only the operator's own services know: API keys, connections, subscriptions.

Whoever posts a gauge replaces all its values at once, so a label that is gone is gone. A gauge is one field of one
hash, written by one command: readers that post at the same time never mix theirs.

Bounds: the names of `GAUGE_LABELS` alone, at most `MAX_VALUES` values each; a gauge that nobody posted for
`GAUGE_RETENTION_SECONDS` is not known any more.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.keyspace import HOUR_RETENTION_SECONDS, Keyspace
from tokenpulse_shared.redis_reads import RedisReads

GAUGE_LABELS: Final[dict[str, tuple[str, ...]]] = {
    "active_api_keys": ("status",),
    "active_connections": ("connection_type",),
    "subscription_count": ("plan_type", "billing_cycle"),
    "trial_active": ("status",),
}
"""Name of a gauge, as it is exposed → its labels."""

DEFAULT_LABELS: Final[dict[str, tuple[str, ...]]] = {
    "active_api_keys": ("active",),
    "active_connections": ("all",),
    "subscription_count": ("all", "all"),
    "trial_active": ("active",),
}
"""Label values of a gauge that was posted as one number."""

MAX_VALUES: Final = 200
MAX_LABEL_CHARACTERS: Final = 100
GAUGE_RETENTION_SECONDS: Final = HOUR_RETENTION_SECONDS


class BusinessGauge(NamedTuple):
    """Hold one value of a gauge; `labels`: their values, in the order of `GAUGE_LABELS`; `posted_at`: epoch seconds.

    `posted_at` is None for what was counted, not posted.
    """

    name: str
    labels: tuple[str, ...]
    value: int
    posted_at: float | None


class BusinessGauges:
    """Write and read gauges; safe for concurrent calls on one event loop."""

    def __init__(self, reads: RedisReads, keyspace: Keyspace) -> None:
        self._reads = reads
        self._key = keyspace.gauges()

    async def post(self, values: Mapping[str, Mapping[tuple[str, ...], int]], now: float) -> None:
        """Replace each gauge named by its values by label values; the others stay.

        Raises:
            StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
        """
        if not values:
            return
        fields: list[str] = []
        for name, by_labels in values.items():
            held = [[*labels, value] for labels, value in by_labels.items()]
            fields += (name, orjson.dumps({"at": now, "values": held}).decode())
        written, _ = await self._reads.batch(
            [("HSET", self._key, *fields), ("EXPIRE", self._key, GAUGE_RETENTION_SECONDS)], atomic=True
        )
        if not self._reads.usable(self._key, written, int):
            raise StoreUnavailableError("the key of the gauges holds something else")

    async def load(self, now: float) -> list[BusinessGauge]:
        """Return every value posted, by name, then labels; what is too old, or no gauge of ours, is left out.

        Raises:
            StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
        """
        reply = await self._reads.one("HGETALL", self._key)
        if not self._reads.usable(self._key, reply, dict):
            return []
        gauges: list[BusinessGauge] = []
        for field, text in reply.items():
            try:
                gauges += _decoded(field.decode(), orjson.loads(text), now - GAUGE_RETENTION_SECONDS)
            except (ValueError, TypeError, KeyError) as error:
                self._reads.corrupt_keys.note(self._key, error)
        return sorted(gauges)


def with_trials(posted: Sequence[BusinessGauge], states: Mapping[str, int]) -> list[BusinessGauge]:
    """Return the gauges with `trial_active` of the trials counted, unless somebody posted it."""
    if any(gauge.name == "trial_active" for gauge in posted):
        return list(posted)
    counted = [BusinessGauge("trial_active", (state,), count, None) for state, count in states.items()]
    return sorted([*posted, *counted], key=lambda gauge: gauge[:2])


def _decoded(name: str, held: Any, oldest: float) -> Iterable[BusinessGauge]:
    labels = GAUGE_LABELS.get(name)
    if labels is None:  # of a later release
        return []
    posted_at = float(held["at"])
    if posted_at < oldest:
        return []
    return [
        BusinessGauge(name, tuple(map(str, values)), int(value), posted_at)
        for *values, value in held["values"]
        if len(values) == len(labels)
    ]
