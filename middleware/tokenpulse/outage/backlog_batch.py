"""Turn what waited through an outage into the operations of a batch.

Strategy: its windows are mostly over, and all of them are records already: they are appended to their blocks,
which costs Redis a few commands for a series, where hashes would cost one for each bucket.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import orjson

from tokenpulse.aggregation.provider_delta import ErrorEntry
from tokenpulse.batches.batch import HOUR_SKETCH_FIELDS
from tokenpulse.batches.operations import Calls, Operations, bounded
from tokenpulse.outage.count_codes import FIELDS, Counts
from tokenpulse.outage.series_backlog import BacklogWindows
from tokenpulse.outage.window_record import block_record, window_counters, without_counters
from tokenpulse_shared.counters import MAX_COUNT, SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.keyspace import (
    DAY_RETENTION_SECONDS,
    ERRORS_RETENTION_SECONDS,
    HOUR_RETENTION_SECONDS,
    MAX_ERRORS_PER_PROVIDER,
    MINUTE_RETENTION_SECONDS,
    TOTALS_RETENTION_SECONDS,
    Keyspace,
    stamp,
)
from tokenpulse_shared.sketch import COARSE_SCALE, FINE_SCALE
from tokenpulse_shared.totals import totals

_HOURS_BLOCK_RETENTION_SECONDS: Final = HOUR_RETENTION_SECONDS + 86_400
"""A block lives until its last hour's time is over."""


class BacklogBatch:
    """Build a provider's operations at the time `now`, epoch seconds; `names`: code → field of the totals."""

    def __init__(self, keyspace: Keyspace, provider: str, now: float, names: Mapping[int, str]) -> None:
        self._keys = keyspace
        self._provider = provider
        self._now = now
        self._names = names
        self._operations = Operations()
        self._models: dict[str, float] = {}

    @property
    def fields(self) -> int:
        """Return how many single values Redis will have to change."""
        return self._operations.fields

    def add_model(self, model: str, windows: BacklogWindows, example: str | None = None) -> None:
        """Add what a model gathered, with its last exemplar as Redis keeps it; may be called again for the same one."""
        self._models[model] = float(int(self._now))
        self._add_minutes(model, windows)
        self._add_hours(model, windows.hours)
        for first_minute, counts in windows.days.items():
            key = self._keys.counters(self._provider, model, stamp("day", first_minute * 60))
            counters = {code: count for code, count in counts.items() if code < FIELDS}
            self._add_up(key, DAY_RETENTION_SECONDS, counters)
            self._add_up(self._keys.totals(self._provider, model), TOTALS_RETENTION_SECONDS, counts)
        if example is not None:
            self._operations.note(self._keys.totals(self._provider, model), totals.EXEMPLAR, example)

    def add_provider(self, windows: BacklogWindows) -> None:
        """Add what the provider as a whole gathered: its hours keep their counters in a hash."""
        self._add_minutes(None, windows)
        self._add_hours(None, ((hour, without_counters(payload)) for hour, payload in windows.hours))
        key = self._keys.totals(self._provider)
        for counts in windows.days.values():
            self._add_up(key, TOTALS_RETENTION_SECONDS, counts)
        for hour, payload in windows.hours:
            remaining = int(hour * 60 + 3600 + HOUR_RETENTION_SECONDS - self._now)
            if remaining > 0:
                key = self._keys.counters(self._provider, None, stamp("hour", hour * 60))
                self._operations.increment(key, remaining, window_counters(payload))

    def finish(self, errors: Iterable[ErrorEntry], calls: Iterable[Calls]) -> bytes:
        """Return the encoded operations, with the last errors (oldest first) and the recent calls."""
        keys, provider, operations = self._keys, self._provider, self._operations
        entries = [orjson.dumps(entry).decode() for entry in errors]
        operations.push(keys.errors(provider), ERRORS_RETENTION_SECONDS, MAX_ERRORS_PER_PROVIDER, entries)
        for call in calls:
            operations.calls(keys.circuit(provider, call.model), keys.circuit_totals(provider), call)
        operations.score(keys.models(provider), DAY_RETENTION_SECONDS, self._models)
        bases = [keys.window_base(kind, provider) for kind in ("metrics", *SKETCHED)]
        operations.spread_by(keys.open_windows(provider), HOUR_RETENTION_SECONDS, bases, WINDOW_COUNTERS)
        return operations.encode()

    def _add_up(self, key: str, ttl_seconds: int, counts: Counts) -> None:
        if counts and max(counts.values()) > MAX_COUNT:
            counts = {code: bounded(count) for code, count in counts.items()}
        self._operations.add_up(key, ttl_seconds, counts, self._names)

    def _add_minutes(self, model: str | None, windows: BacklogWindows) -> None:
        blocks: dict[int, list[bytes]] = {}
        for minute, payload in windows.minutes:
            if minute * 60 + 60 + MINUTE_RETENTION_SECONDS > self._now:
                blocks.setdefault(minute // 60, []).append(block_record(minute % 60, payload))
        for hour, records in blocks.items():
            at = stamp("hour", hour * 3600)
            member = self._keys.window_member(model, at)
            key = self._keys.sealed_minutes(self._provider, model, at)
            self._operations.record(key, MINUTE_RETENTION_SECONDS, member, FINE_SCALE, 0, b"".join(records))

    def _add_hours(self, model: str | None, hours: Iterable[tuple[int, bytes]]) -> None:
        blocks: dict[int, list[bytes]] = {}
        for hour, payload in hours:
            if hour * 60 + 3600 + HOUR_RETENTION_SECONDS > self._now:
                day, number = divmod(hour // 60, 24)
                blocks.setdefault(day, []).append(block_record(number, payload))
        for day, records in blocks.items():
            at = stamp("day", day * 86_400)
            member = self._keys.window_member(model, at)
            key = self._keys.sealed_hours(self._provider, model, at)
            ttl, most = _HOURS_BLOCK_RETENTION_SECONDS, HOUR_SKETCH_FIELDS
            self._operations.record(key, ttl, member, COARSE_SCALE, most, b"".join(records))
