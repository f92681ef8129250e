"""Hold what was recorded while Redis was away, until it can be sent.

Invariant: no count is ever given up. What memory is too short for is resolution: first the oldest minutes go, whose
counts are in their hours as well; then sketches of hours that are over, whose counters stay.
Bounds: `FINE_MINUTES` minutes, of models only as many as `MOST_BYTES` has room for beside all the rest;
`PAST_BYTES` for hours that are over, then some 100 bytes for each of a series' hours; beside these about 2.5 kB a
series.
"""

from collections.abc import Callable, Container, Iterator
from typing import Final, NamedTuple

from tokenpulse.aggregation.provider_delta import FINE_MINUTES, ProviderDelta
from tokenpulse.batches.operations import Calls
from tokenpulse.batches.slow_calls import NO_LIMITS, SlowLimits
from tokenpulse.outage.backlog_batch import BacklogBatch
from tokenpulse.outage.count_codes import FieldCodes
from tokenpulse.outage.minute_records import MinuteRecords
from tokenpulse.outage.provider_backlog import Packing, ProviderBacklog
from tokenpulse.outage.series_backlog import SeriesBacklog
from tokenpulse.outage.window_record import RecordWriter
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.names import OTHER

MOST_BYTES: Final = 30 * 1024 * 1024
"""At 10,000 series with 6 requests a minute each: three minutes after ten, one or none after an hour."""
PAST_BYTES: Final = 12 * 1024 * 1024
"""An hour of 10,000 series with 360 requests each."""
SHED_EVERY_SECONDS: Final = 10
"""Most of what a minute adds comes soon after it begins, when the one before is closed."""


class Part(NamedTuple):
    """Hold a batch of a part of a provider's backlog, with the `requests` it counts; `fields`: see `Operations`."""

    payload: bytes
    calls: list[Calls]
    requests: int
    fields: int


class Backlog:
    """Hold providers' backlogs; used by the flush thread only.

    `most_models`: names of a provider that are told apart, unless they are known; `breathe` is called between series;
    `slow`: which calls are too slow for a breaker.
    """

    def __init__(
        self,
        keyspace: Keyspace,
        *,
        most_models: int,
        breathe: Callable[[], None],
        slow: SlowLimits = NO_LIMITS,
    ) -> None:
        self._keys = keyspace
        self._most_models = most_models
        self._packing = Packing(FieldCodes(), RecordWriter(), MinuteRecords(), MinuteRecords(), breathe, slow)
        self._providers: dict[str, ProviderBacklog] = {}
        self._shed_at = -1

    def __contains__(self, provider: str) -> bool:
        return provider in self._providers

    def __len__(self) -> int:
        return len(self._providers)

    def waiting(self) -> list[str]:
        """Return the providers that have something here."""
        return list(self._providers)

    def series_count(self) -> int:
        """Return how many series are held."""
        return sum(len(held.series) for held in self._providers.values())

    def set_aside(self, provider: str, delta: ProviderDelta, known: Container[str]) -> int:
        """Hold a provider's deltas, which are consumed; return how many requests found no room for their name.

        `known`: names that have room whatever others there are.
        """
        return self._of(provider).add(delta, known, self._most_models)

    def provider(self, name: str) -> ProviderBacklog:
        """Return what is held of a provider; KeyError when nothing is."""
        return self._providers[name]

    def move_to_other(self, provider: str) -> int:
        """Have a provider count under `__other__`, its models too; return how many requests that concerned."""
        moved = self._providers.pop(provider)
        self._of(OTHER).absorb(moved)
        return moved.requests()

    def take_part(self, provider: str, now: float, most_fields: float) -> Part:
        """Remove a part of a provider's backlog; `now` is epoch seconds.

        The part is all there is unless that changes more than about `most_fields` values in Redis.
        """
        held, records = self._providers[provider], self._packing.records
        batch = BacklogBatch(self._keys, provider, now, self._packing.codes.names)
        requests = 0
        batch.add_provider(held.whole.windows(records))
        held.whole = SeriesBacklog(self._packing.whole_minutes)
        calls, errors = held.take_calls(now), held.take_errors()
        while held.series and batch.fields < most_fields:
            name = next(iter(held.series))
            series = held.series.pop(name)
            requests += series.requests
            batch.add_model(name, series.windows(records), series.example)
            self._packing.breathe()
        if not held.series:
            del self._providers[provider]
        if not self._providers:
            self._shed_all_minutes()
        return Part(batch.finish(errors, calls), calls, requests, batch.fields)

    def shed(self, now: float) -> None:
        """Give up resolution that there is no room for; about 2 µs a series, every 10 s of `now`, epoch s."""
        turn = int(now // SHED_EVERY_SECONDS)
        if turn == self._shed_at or not self._providers:
            return
        minute = int(now // 60)
        if minute != self._shed_at * SHED_EVERY_SECONDS // 60:
            self._shed_sketches(minute)
        self._shed_at = turn
        self._shed_minutes(minute)

    def _shed_sketches(self, minute: int) -> None:
        """Forget sketches of hours that are over, the oldest first; several µs a series for each, so once a minute."""
        before = minute - minute % 60 - 24 * 60
        while before < minute and sum(series.past_bytes() for series in self._models()) > PAST_BYTES:
            before += 60
            for series in self._models():
                series.shed_sketches(before)

    def _shed_minutes(self, minute: int) -> None:
        """Forget old minutes; those of providers as a whole, few and looked at most, are kept by number alone."""
        minutes = self._packing.minutes
        for kept in (minutes, self._packing.whole_minutes):
            kept.shed_before(minute - FINE_MINUTES)
        others = sum(series.other_bytes() for series in self._models())
        minutes.shed_to(MOST_BYTES - others * 11 // 10)  # of objects the allocator makes a tenth more

    def _shed_all_minutes(self) -> None:
        """Give back the memory of records that nothing refers to any more."""
        for kept in (self._packing.minutes, self._packing.whole_minutes):
            kept.shed_to(0)

    def _models(self) -> Iterator[SeriesBacklog]:
        for held in self._providers.values():
            for series in held.series.values():
                yield series
                self._packing.breathe()

    def _of(self, provider: str) -> ProviderBacklog:
        held = self._providers.get(provider)
        if held is None:
            held = self._providers[provider] = ProviderBacklog(self._packing)
        return held
