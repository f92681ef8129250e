"""Put what waits of providers in flight, in parts that Redis applies in milliseconds.

Strategy: what was recorded since the last flush goes as it is. What Redis could not take, being away or behind, is
held packed (`backlog`), and goes once nothing else of its provider is in flight.
Invariant: what left the aggregator is in flight, in a part that waits, or in the backlog: an exception at any
point loses nothing.
Bounds: a batch changes about `BATCH_FIELDS` values, all that are put in flight at once about `PUSH_FIELDS`.
"""

import math
from collections import deque
from typing import Final, NamedTuple

import redis

from tokenpulse.aggregation.aggregate import Aggregator
from tokenpulse.aggregation.provider_delta import ProviderDelta
from tokenpulse.batches.batch import ProviderBatch
from tokenpulse.batches.batch_calls import BatchCalls
from tokenpulse.batches.numbered_batch import Group
from tokenpulse.batches.operations import Calls
from tokenpulse.batches.slow_calls import SlowLimits
from tokenpulse.flushing.series_names import Gathered, SeriesNames
from tokenpulse.guard import Guard
from tokenpulse.outage.backlog import Backlog
from tokenpulse.writing.journal import NO_JOURNAL, Journal
from tokenpulse.writing.redis_writer import RedisWriter
from tokenpulse_shared.breath import Breath
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.time_limit import own_work

BATCH_FIELDS: Final = 2000
"""Redis is held by a batch for 3 to 4 ms."""
PUSH_FIELDS: Final = 20_000
"""About a tenth of a second of Redis's time: far less than a reply may take."""


class Waiting(NamedTuple):
    """Hold a part of a provider's deltas, with the position up to which the journal has them."""

    delta: ProviderDelta
    cut: int


class ProviderFeed:
    """Carry providers' deltas from the aggregator to the writer; used by the flush thread only."""

    def __init__(
        self,
        names: SeriesNames,
        series: Aggregator,
        guard: Guard,
        settings: Settings,
        writer: RedisWriter,
        journal: Journal,
    ) -> None:
        self._names = names
        self._series = series
        self._guard = guard
        self._writer = writer
        self._journal = journal
        self._keys = Keyspace(settings.key_prefix)
        self._breathe = Breath()
        most_models = 2 * settings.max_models_per_provider
        self._slow = SlowLimits.of(settings)
        self._backlog = Backlog(self._keys, most_models=most_models, breathe=self._breathe, slow=self._slow)
        self._most_providers = 2 * settings.max_providers
        self._cuts: dict[str, int] = {}
        """Up to where the journal has what the backlog holds of a provider."""
        self._parts: dict[str, deque[Waiting]] = {}
        # A journal follows whole batches: what a process left behind is sent again as the batch it was.
        self._batch_fields = BATCH_FIELDS if journal is NO_JOURNAL else math.inf
        self._room = 0.0
        self._calls = BatchCalls()

    def has_waiting(self) -> bool:
        """Tell whether something waits that is not in flight."""
        return bool(self._parts or self._backlog.waiting() or self._series.waiting())

    def held(self) -> list[str]:
        """Return the providers of which something waits that was taken from the aggregator."""
        return [*self._parts, *self._backlog.waiting()]

    def series_count(self) -> int:
        """Return how many series' deltas memory holds."""
        parts = sum(part.delta.series_count() for parts in self._parts.values() for part in parts)
        return self._series.series_count() + self._backlog.series_count() + parts

    def take_calls(self, group: Group) -> list[Calls]:
        """Return the calls of a group's batches that Redis has, one for each model, once."""
        return self._calls.take(group, is_in_flight=group in self._writer.in_flight)

    def set_aside(self, now: float) -> None:
        """Hold packed what waits, for Redis does not take it; `now` is epoch seconds."""
        for provider in list(self._parts):
            for part in self._parts.pop(provider):
                self._hold(provider, part)
        for provider in self._series.waiting():
            self._hold(provider, self._cut(provider))
        self._backlog.shed(now)

    def enqueue(self, now: float) -> list[Exception]:
        """Put in flight what may be; return what kept names from being asked for: these counts wait.

        `now` is epoch seconds.
        """
        self._room = PUSH_FIELDS
        failures: list[Exception] = []
        for is_other in (False, True):  # `__other__` last, for it takes what the others were refused
            failures += self._take(now, is_other=is_other)
            self._fill_from_parts(now)
            failures += self._fill_from_backlog(now, is_other=is_other)
        return failures

    def _take(self, now: float, *, is_other: bool) -> list[Exception]:
        """Make parts of what was recorded, but where a backlog goes first; return why names were not answered."""
        failures: list[Exception] = []
        for provider in self._series.waiting():
            if (provider == OTHER) != is_other or provider in self._backlog or self._is_busy(provider):
                continue
            part = self._cut(provider)
            try:
                is_admitted = self._is_admitted(provider, part.delta, now)
            except BaseException as error:
                self._hold(provider, part)
                if not isinstance(error, redis.RedisError | OSError):
                    raise
                failures.append(error)
                continue
            if is_admitted:
                parts = part.delta.split(self._batch_fields)
                self._parts[provider] = deque(Waiting(delta, part.cut) for delta in parts)
            else:
                self._guard.count("overflow:provider", part.delta.observations)
                self._series.give_back(OTHER, part.delta, rename=OTHER)
                self._journal.moved(provider, part.cut)
        return failures

    def _is_admitted(self, provider: str, gathered: Gathered, now: float) -> bool:
        """Tell whether a provider is a series; of those that are, models that are none are lumped."""
        if not self._names.is_admitted(provider, gathered, now):
            return False
        self._names.lump(provider, gathered, now)
        return True

    def _fill_from_parts(self, now: float) -> None:
        for provider in list(self._parts):
            group = Group("provider", provider)
            # Of `__other__`, always small, nothing waits behind what the journal is told has moved there.
            has_room = self._room > 0 or provider == OTHER
            if not has_room or group in self._writer.in_flight:
                continue
            part = self._parts[provider].popleft()
            if not self._parts[provider]:
                del self._parts[provider]
            requests = part.delta.observations
            batch = ProviderBatch(self._keys, provider, now, self._breathe, self._slow)
            with own_work():
                payload, calls = batch.build(part.delta)
            self._calls.put(group, calls)
            self._put_in_flight(group, payload, requests, batch.fields, part.cut)

    def _fill_from_backlog(self, now: float, *, is_other: bool) -> list[Exception]:
        failures: list[Exception] = []
        for provider in self._backlog.waiting():
            if self._room <= 0:
                break
            if (provider == OTHER) != is_other or self._is_busy(provider):
                continue
            self._hold(provider, self._cut(provider))  # the journal follows a provider's records in order
            try:
                is_admitted = self._is_admitted(provider, self._backlog.provider(provider), now)
            except (redis.RedisError, OSError) as error:
                failures.append(error)
                continue
            if is_admitted:
                self._take_from_backlog(provider, now)
            else:
                self._guard.count("overflow:provider", self._backlog.move_to_other(provider))
                self._journal.moved(provider, self._cuts[provider])
        return failures

    def _take_from_backlog(self, provider: str, now: float) -> None:
        group = Group("provider", provider)
        with own_work():
            part = self._backlog.take_part(provider, now, self._batch_fields)
        self._calls.put(group, part.calls)
        self._put_in_flight(group, part.payload, part.requests, part.fields, self._cuts[provider])

    def _put_in_flight(self, group: Group, payload: bytes, requests: int, fields: int, cut: int) -> None:
        self._writer.enqueue(group, self._keys.totals(group.name), payload, requests, cut)
        self._room -= fields

    def _is_busy(self, provider: str) -> bool:
        return provider in self._parts or Group("provider", provider) in self._writer.in_flight

    def _cut(self, provider: str) -> Waiting:
        """Take what was recorded of a provider, nothing perhaps."""
        delta, cut = self._journal.cut(lambda: self._series.take(provider))
        return Waiting(delta or ProviderDelta(), cut)

    def _hold(self, provider: str, part: Waiting) -> None:
        """Move deltas to the backlog."""
        delta = part.delta
        if delta.observations and not self._has_room(provider):
            self._guard.count("overflow:provider", delta.observations)
            self._journal.moved(provider, part.cut)
            provider, delta = OTHER, ProviderDelta()
            delta.merge(part.delta, rename=OTHER)
        self._cuts[provider] = part.cut
        if delta.observations:
            known = self._names.known_models(provider)
            with own_work():
                overflow = self._backlog.set_aside(provider, delta, known)
            if overflow:
                self._guard.count("overflow:model", overflow)

    def _has_room(self, provider: str) -> bool:
        if provider == OTHER or provider in self._backlog or provider in self._series.known:
            return True
        return len(self._backlog) < self._most_providers
