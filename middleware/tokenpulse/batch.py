"""Turn deltas into the operations that `scripts/apply.lua` applies.

A batch covers one group: a provider, an app's HTTP counters, or a gateway. All of a group's keys share a slot.
Windows whose retention is over by the time of the flush are left out of the windows, never of the totals.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import orjson

from tokenpulse.aggregate import ProviderDelta, Series, merge_series
from tokenpulse.deltas import SUCCESSFUL, SeriesDelta, bounded
from tokenpulse.gateway_aggregate import GatewayDelta
from tokenpulse_shared import histogram, totals
from tokenpulse_shared.breaker import SLOT_SECONDS
from tokenpulse_shared.counters import SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.keyspace import (
    CIRCUIT_RETENTION_SECONDS,
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
from tokenpulse_shared.sketch import COARSE_SCALE, FINE_SCALE, ZERO, Buckets, rescaled

HOUR_SKETCH_FIELDS: Final = 320
"""Most buckets of an hour: 20 octaves, values a factor of a million apart, at a relative error of 2.2 %.

More than the 128 that Redis stores compactly in a hash: only the current hour is a hash, and only a series
that spreads beyond 8 octaves pays for it; past hours are packed.
"""
CALLS_ARE_RECENT_SECONDS: Final = 60
"""Calls older than a breaker's window do not reach it: an outage's backlog says nothing of now."""

_LATENCY_LABELS: Final = histogram.bound_labels(histogram.LATENCY)
_TTFT_LABELS: Final = histogram.bound_labels(histogram.TTFT)
_ENDPOINT_LABELS: Final = histogram.bound_labels(histogram.ENDPOINT)
_COST_LABELS: Final = histogram.bound_labels(histogram.COST)


class Calls(NamedTuple):
    """Count a model's calls in one batch, as its breaker wants to know them."""

    model: str
    successes: int
    faults: int
    streak: int


class Operations:
    """Collect the operations of one batch; times to live are text so that Lua passes them on as they are."""

    def __init__(self) -> None:
        self._increments: list[Any] = []
        self._sketches: list[Any] = []
        self._scores: list[Any] = []
        self._lists: list[Any] = []
        self._calls: list[Any] = []

    def increment(self, key: str, ttl_seconds: int, fields: dict[str, int]) -> None:
        """Add to a hash's fields."""
        self._increments.append((key, str(ttl_seconds), fields))

    def sketch(self, key: str, ttl_seconds: int, scale: int, capacity: int, buckets: Buckets) -> None:
        """Add to a sketch; past `capacity` fields (0: no limit) its scale is halved."""
        if buckets:
            fields = {"zero" if index == ZERO else str(index): count for index, count in buckets.items()}
            self._sketches.append((key, str(ttl_seconds), scale, capacity, fields))

    def score(self, key: str, ttl_seconds: int, members: dict[str, float]) -> None:
        """Raise members' scores in a sorted set."""
        self._scores.append((key, str(ttl_seconds), members))

    def push(self, key: str, ttl_seconds: int, kept: int, items: list[str]) -> None:
        """Put items (oldest first) at the head of a list of bounded length."""
        if items:
            self._lists.append((key, str(ttl_seconds), kept, items))

    def calls(self, key: str, calls: Calls) -> None:
        """Count calls in a breaker's window."""
        self._calls.append(
            (key, str(CIRCUIT_RETENTION_SECONDS), SLOT_SECONDS, calls.successes, calls.faults, calls.streak)
        )

    def encode(self) -> bytes:
        """Return the JSON that the script reads."""
        return orjson.dumps(
            {
                "increments": self._increments,
                "sketches": self._sketches,
                "scores": self._scores,
                "lists": self._lists,
                "calls": self._calls,
            }
        )


NO_OPERATIONS: Final = Operations().encode()
"""What a batch carries that is only to find out whether the server still has those before it."""


def counter_fields(counters: Iterable[int]) -> dict[str, int]:
    """Return the counters that are not zero, by field name."""
    return {name: bounded(count) for name, count in zip(WINDOW_COUNTERS, counters, strict=True) if count}


def _labelled(kind: str, counts: dict[int, int], labels: tuple[str, ...], suffix: str = "") -> dict[str, int]:
    return {f"{kind}:{labels[index]}{suffix}": count for index, count in counts.items()}


def totals_fields(delta: SeriesDelta) -> dict[str, int]:
    """Return what a series adds to its totals."""
    fields = counter_fields(delta.counters)
    fields |= _labelled(totals.LATENCY_SUCCESS, delta.latencies_success, _LATENCY_LABELS)
    fields |= _labelled(totals.LATENCY_ERROR, delta.latencies_error, _LATENCY_LABELS)
    fields |= _labelled(totals.TTFT, delta.ttfts, _TTFT_LABELS)
    fields |= _labelled(totals.COST, delta.costs, _COST_LABELS)
    fields |= _labelled(totals.COST_PER_1K, delta.cost_per_1k, _COST_LABELS)
    sums = {
        f"{totals.LATENCY_SUCCESS}_us": delta.latency_success_us,
        f"{totals.LATENCY_ERROR}_us": delta.latency_error_us,
        f"{totals.COST_PER_1K}_nano": delta.cost_per_1k_nano,
    }
    for endpoint, timed in (delta.endpoints or {}).items():
        fields |= _labelled(totals.TTFB, timed.ttfbs, _ENDPOINT_LABELS, f":{endpoint}")
        fields |= _labelled(totals.STREAMING, timed.streamings, _ENDPOINT_LABELS, f":{endpoint}")
        sums[f"{totals.TTFB}_us:{endpoint}"] = timed.ttfb_us
        sums[f"{totals.STREAMING}_us:{endpoint}"] = timed.streaming_us
    fields |= {name: bounded(total) for name, total in sums.items() if total}
    fields |= {f"{totals.FINISH}:{reason}": count for reason, count in (delta.finishes or {}).items()}
    return fields


class ProviderBatch:
    """Build a provider's operations from its deltas at the time `now`, epoch seconds."""

    def __init__(self, keyspace: Keyspace, provider: str, now: float) -> None:
        self._keys = keyspace
        self._provider = provider
        self._now = now
        self._operations = Operations()
        self._open: dict[str, float] = {}

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
        merged: dict[str, Buckets] = {"latency": {}, "ttft": {}}
        for model, delta in series.items():
            self._add_window(
                model, at, remaining, granularity, delta.counters, {q: getattr(delta, q) for q in SKETCHED}
            )
            whole = [mine + more for mine, more in zip(whole, delta.counters, strict=True)]
            for quantity, buckets in merged.items():
                for index, count in getattr(delta, quantity).items():
                    buckets[index] = buckets.get(index, 0) + count
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
                _, successes, faults, streak = recent.get(model, (model, 0, 0, 0))
                succeeded = series.counters[SUCCESSFUL]
                recent[model] = Calls(
                    model,
                    successes + succeeded,
                    faults + series.faults,
                    series.streak if succeeded else streak + series.streak,
                )
        calls = [call for call in recent.values() if call.successes or call.faults]
        for call in calls:
            self._operations.calls(self._keys.circuit(self._provider, call.model), call)
        return calls

    def _add_totals(self, everything: Series) -> None:
        whole = [0] * len(WINDOW_COUNTERS)
        for model, delta in everything.items():
            key = self._keys.totals(self._provider, model)
            self._operations.increment(key, TOTALS_RETENTION_SECONDS, totals_fields(delta))
            whole = [mine + more for mine, more in zip(whole, delta.counters, strict=True)]
        key = self._keys.totals(self._provider)
        self._operations.increment(key, TOTALS_RETENTION_SECONDS, counter_fields(whole))
        used = dict.fromkeys(everything, float(int(self._now)))
        self._operations.score(self._keys.models(self._provider), TOTALS_RETENTION_SECONDS, used)
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
