"""Turn deltas into the operations that `scripts/apply.lua` applies.

A batch covers one group: a provider, an app's HTTP counters, or a gateway. All of a group's keys share a slot.
Windows whose retention is over by the time of the flush are left out of the windows, never of the totals.
"""

from collections.abc import Callable
from typing import Final

import orjson

from tokenpulse.aggregation.endpoint_delta import add_counts
from tokenpulse.aggregation.gateway_aggregate import GatewayDelta
from tokenpulse.aggregation.provider_delta import ProviderDelta, Series, merge_series
from tokenpulse.batches.operations import Calls, Operations, bounded
from tokenpulse.batches.slow_calls import NO_LIMITS, SlowLimits
from tokenpulse.batches.totals_fields import counter_fields, totals_fields
from tokenpulse_shared.counters import PROVIDER_SKETCHED, SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.keyspace import (
    DAY_RETENTION_SECONDS,
    ERRORS_RETENTION_SECONDS,
    HOUR_RETENTION_SECONDS,
    MAX_ERRORS_PER_PROVIDER,
    MINUTE_RETENTION_SECONDS,
    SEAL_DELAY_SECONDS,
    TOTALS_RETENTION_SECONDS,
    Granularity,
    Keyspace,
    stamp,
)
from tokenpulse_shared.sketch import COARSE_SCALE, FINE_SCALE, Buckets, rescaled
from tokenpulse_shared.totals import totals

HOUR_SKETCH_FIELDS: Final = 480
"""Most buckets of an hour: 30 octaves, values a factor of a billion apart, at a relative error of 2.2 %.

Fewer than the 512 that Redis 7.0 stores compactly in a hash by default; only the current hour is one, past hours
are packed.
"""
CALLS_ARE_RECENT_SECONDS: Final = 60
"""Calls older than a breaker's window do not reach it: an outage's backlog says nothing of now."""


def _never() -> None:
    """Do not pause."""


class ProviderBatch:
    """Build a provider's operations from its deltas at the time `now`, epoch seconds."""

    def __init__(
        self,
        keyspace: Keyspace,
        provider: str,
        now: float,
        breathe: Callable[[], None] = _never,
        slow: SlowLimits = NO_LIMITS,
    ) -> None:
        """`breathe` is called between series; `slow`: which calls are too slow for a breaker."""
        self._keys = keyspace
        self._breathe = breathe
        self._provider = provider
        self._now = now
        self._slow = slow
        self._operations = Operations()
        self._open: dict[str, float] = {}

    @property
    def fields(self) -> int:
        """Return how many single values Redis will have to change."""
        return self._operations.fields

    def build(self, delta: ProviderDelta) -> tuple[bytes, list[Calls]]:
        """Return the encoded operations, and the recent calls by model; the delta is consumed."""
        hours: dict[int, Series] = {}
        for minute, series in delta.minutes.items():
            self._add_series(series, "minute", minute * 60)
        calls = self._add_calls(delta)
        for minute, series in delta.minutes.items():
            merge_series(hours.setdefault(minute - minute % 60, {}), series)
        for first_minute, series in delta.hours.items():
            merge_series(hours.setdefault(first_minute, {}), series)
        everything: Series = {}
        for first_minute, series in hours.items():
            self._add_series(series, "hour", first_minute * 60)
            self._add_days(series, first_minute * 60)
        for series in hours.values():
            merge_series(everything, series)
        self._add_totals(everything)
        entries = [orjson.dumps(entry).decode() for entry in delta.errors]
        key = self._keys.errors(self._provider)
        self._operations.push(key, ERRORS_RETENTION_SECONDS, MAX_ERRORS_PER_PROVIDER, entries)
        return self._operations.encode(), calls

    def _add_series(self, series: Series, granularity: Granularity, start: int) -> None:
        seconds, retention = (
            (60, MINUTE_RETENTION_SECONDS) if granularity == "minute" else (3600, HOUR_RETENTION_SECONDS)
        )
        remaining = int(start + seconds + retention - self._now)
        if remaining <= 0:
            return
        at = stamp(granularity, start)
        whole = [0] * len(WINDOW_COUNTERS)
        merged: dict[str, Buckets] = {quantity: {} for quantity in PROVIDER_SKETCHED}
        for model, delta in series.items():
            self._add_window(
                model, at, remaining, granularity, delta.counters, {q: getattr(delta, q) for q in SKETCHED}
            )
            whole = [mine + more for mine, more in zip(whole, delta.counters, strict=True)]
            for quantity, buckets in merged.items():
                add_counts(buckets, getattr(delta, quantity))
            self._breathe()
        self._add_window(None, at, remaining, granularity, whole, merged)
        due = float(start + seconds + SEAL_DELAY_SECONDS)
        self._open |= {self._keys.window_member(model, at): due for model in (*series, None)}

    def _add_window(
        self,
        model: str | None,
        at: str,
        remaining: int,
        granularity: Granularity,
        counters: list[int],
        sketches: dict[str, Buckets],
    ) -> None:
        provider, operations = self._provider, self._operations
        operations.increment(self._keys.counters(provider, model, at), remaining, counter_fields(counters))
        for quantity, buckets in sketches.items():
            key = self._keys.sketch(quantity, provider, model, at)
            if granularity == "minute":
                operations.sketch(key, remaining, FINE_SCALE, 0, buckets)
            else:
                coarse = rescaled(buckets, FINE_SCALE, COARSE_SCALE)
                operations.sketch(key, remaining, COARSE_SCALE, HOUR_SKETCH_FIELDS, coarse)

    def _add_days(self, series: Series, start: int) -> None:
        at = stamp("day", start)
        for model, delta in series.items():
            key = self._keys.counters(self._provider, model, at)
            self._operations.increment(key, DAY_RETENTION_SECONDS, counter_fields(delta.counters))

    def _add_calls(self, delta: ProviderDelta) -> list[Calls]:
        recent: dict[str, Calls] = {}
        for minute in sorted(delta.minutes):
            if (
                minute * 60 + 60 <= self._now - CALLS_ARE_RECENT_SECONDS
            ):  # by its end: a flush follows the turn
                continue
            for model, series in delta.minutes[minute].items():
                earlier = recent.get(model)
                call = self._slow.calls(model, series)
                recent[model] = earlier.then(call) if earlier else call
        calls = [call for call in recent.values() if call.successes or call.faults]
        counters_key = self._keys.circuit_totals(self._provider)
        for call in calls:
            self._operations.calls(self._keys.circuit(self._provider, call.model), counters_key, call)
        return calls

    def _add_totals(self, everything: Series) -> None:
        whole = [0] * len(WINDOW_COUNTERS)
        for model, delta in everything.items():
            key = self._keys.totals(self._provider, model)
            self._operations.increment(key, TOTALS_RETENTION_SECONDS, totals_fields(delta))
            example = None if delta.exemplar is None else delta.exemplar.encoded()
            if example is not None:
                self._operations.note(key, totals.EXEMPLAR, example)
            self._breathe()
            whole = [mine + more for mine, more in zip(whole, delta.counters, strict=True)]
        key = self._keys.totals(self._provider)
        self._operations.increment(key, TOTALS_RETENTION_SECONDS, counter_fields(whole))
        used = dict.fromkeys(everything, float(int(self._now)))
        self._operations.score(self._keys.models(self._provider), DAY_RETENTION_SECONDS, used)
        if self._open:
            key = self._keys.open_windows(self._provider)
            self._operations.score(key, HOUR_RETENTION_SECONDS, self._open)


def http_batch(keyspace: Keyspace, app_name: str, fields: dict[str, int]) -> bytes:
    """Return the encoded operations of an app's HTTP counters."""
    operations = Operations()
    operations.increment(
        keyspace.http_totals(app_name),
        TOTALS_RETENTION_SECONDS,
        {name: bounded(count) for name, count in fields.items()},
    )
    return operations.encode()


def gateway_batch(keyspace: Keyspace, gateway: str, hours: dict[int, GatewayDelta]) -> bytes:
    """Return the encoded operations of a gateway's hours."""
    operations = Operations()
    for first_minute, delta in hours.items():
        at = stamp("hour", first_minute * 60)
        operations.increment(
            keyspace.gateway_hour(gateway, at),
            HOUR_RETENTION_SECONDS,
            {name: bounded(getattr(delta, name)) for name in totals.GATEWAY_FIELDS if getattr(delta, name)},
        )
        used = {model: minute * 60.0 for model, minute in delta.models.items()}
        operations.score(keyspace.gateway_models(gateway, at), HOUR_RETENTION_SECONDS, used)
    return operations.encode()
