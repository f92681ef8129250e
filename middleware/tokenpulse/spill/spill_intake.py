"""Queue what has finished, and write it to the spill log first.

Strategy: one lock covers the log with the queue's end, so that the order of both is the same. A flush takes a
group's delta under that lock, with the queue folded: what the delta holds is then what the log has of the group
up to its position, nothing more, nothing less.
Invariants: an observation folds into the provider and gateway that stand in the log, because names past the
aggregators' bounds become `__other__` here, before both.
Locks: this one, then an aggregator's; never the other way round.
"""

import threading
from collections.abc import Callable, Collection
from typing import Final, TypeVar

from tokenpulse.aggregation.aggregate import Aggregator, provider_room
from tokenpulse.aggregation.http_aggregate import HttpAggregator
from tokenpulse.aggregation.intake import BATCH, Intake
from tokenpulse.batches.numbered_batch import Batch, Group
from tokenpulse.bucket_clock import BucketClock
from tokenpulse.guard import Guard
from tokenpulse.sink import HttpExchange
from tokenpulse.spill.spill_log import SpillLog
from tokenpulse.spill.spill_records import encode_exchange, encode_observation
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.records import Observation

T = TypeVar("T")

_OTHER: Final = Group("provider", OTHER)


class SpilledIntake(Intake):
    """Be the intake of a recorder that spills, and the journal of its flushes; thread-safe."""

    def __init__(
        self,
        log: SpillLog,
        writer_id: str,
        app_name: str,
        series: Aggregator,
        http: HttpAggregator,
        guard: Guard,
        clock: BucketClock,
        max_providers: int,
    ) -> None:
        super().__init__(series, http, guard, clock)
        self.writer_id: str | None = writer_id
        self._log = log
        self._app_name = app_name
        self._lock = threading.Lock()
        self._max_providers = max_providers
        self._providers: set[str] = set()
        """What deltas wait under, at least."""
        self._began_at = 0
        """Position at which the last flush began."""
        self._open: dict[Group, int] = {}
        """Batches that Redis may not have: group → cut."""
        self._owed: dict[Group, int] = {}
        """What keeps the log from forgetting what was recorded before the flush: group → cut that settles it."""

    def add_observation(self, observation: Observation, stamp: float) -> None:
        """Take an observation of the moment `stamp`, by the clock's `stamp`."""
        with self._lock:
            gateway = observation.gateway
            if gateway is not None or observation.provider not in self._providers:
                observation = self._named(observation)
            try:
                self._log.add(encode_observation(observation, self._clock.at(stamp)))
            except TypeError:  # it counts all the same
                self._guard.fault("spill_not_json")
            self._observations.append((observation, stamp))
        if len(self._observations) >= self._batch:
            self._fold_observations()

    def add_exchange(self, exchange: HttpExchange) -> None:
        """Take an HTTP exchange."""
        with self._lock:
            try:
                self._log.add(encode_exchange(exchange))
            except TypeError:
                self._guard.fault("spill_not_json")
            self._exchanges.append(exchange)
        if len(self._exchanges) >= BATCH:
            self._report(self._http.fold_all(self._exchanges))

    def _named(self, observation: Observation) -> Observation:
        """Return the observation under names that its deltas can wait under."""
        if observation.provider not in self._providers:
            if not self._has_room(observation):
                self._guard.count("overflow:provider")
                observation = observation._replace(provider=OTHER)
            self._providers.add(observation.provider)
        if observation.gateway is not None:
            name = self._series.gateway_name(observation.gateway)
            if name != observation.gateway:
                observation = observation._replace(gateway=name)
        return observation

    def _has_room(self, observation: Observation) -> bool:
        """Tell whether one more provider may wait: one less than in the aggregator, where `__other__` takes room."""
        name = observation.provider
        room = provider_room(observation, self._max_providers) - 1
        return name == OTHER or name in self._series.known or len(self._providers) < room

    # The journal

    def begin(self, held: Collection[str] = ()) -> None:
        """Note that a flush begins: what waits now is owed to Redis before the log may forget it.

        `held`: providers of which something waits that the aggregator does not have any more.
        """
        with self._lock:
            self.settle()
            providers, gateways = self._series.waiting(), self._series.waiting_gateways()
            self._providers = set(providers)
            position = self._began_at = self._log.position
            waiting = [Group("provider", name) for name in (*providers, *held)]
            waiting += [Group("gateway", name) for name in gateways]
            if self._http.has_waiting():
                waiting.append(Group("http", self._app_name))
            self._owed = self._open | dict.fromkeys(waiting, position)
            self._forget_if_drained()

    def cut(self, take: Callable[[], T]) -> tuple[T, int]:
        """Return what `take` returns, with the position up to which it holds a group's records."""
        with self._lock:
            self.settle()
            return take(), self._log.position

    def moved(self, provider: str, position: int) -> None:
        """Note that a provider's records up to the position count under `__other__`."""
        with self._lock:
            self._log.tell_moved(provider, position)
            self._owed.pop(Group("provider", provider), None)
            self._owed[_OTHER] = self._began_at

    def batched(self, batch: Batch) -> None:
        """Note that a batch holds its group's records up to `batch.cut`; nothing was sent yet."""
        with self._lock:
            if batch.cut is not None:
                self._open[batch.group] = batch.cut
                self._log.tell_batched(batch, self._clock.now())

    def acknowledged(self, batch: Batch) -> None:
        """Note that Redis has a batch, with its group in the indexes."""
        with self._lock:
            if batch.cut is None:
                return
            self._log.tell_acknowledged(batch)
            if self._open.get(batch.group) == batch.cut:  # else the group's next batch is in flight already
                del self._open[batch.group]
            if batch.cut >= self._owed.get(batch.group, 0):
                self._owed.pop(batch.group, None)
            self._forget_if_drained()

    def _forget_if_drained(self) -> None:
        if not self._owed:
            self._log.drained(self._began_at)

    # The end

    def close(self, has_waiting: Callable[[], bool]) -> None:
        """Delete the log if nothing waits any more; else it stays, for this process or the next."""
        with self._lock:
            self._log.close(is_drained=not has_waiting())

    def abandon(self) -> None:
        """Leave the log to the process that this one was forked from."""
        self._log.abandon()

    def stats(self) -> dict[str, int | bool]:
        """Return {bytes: room the log takes, stopped: whether it takes no more}."""
        return {"bytes": self._log.size_bytes, "stopped": self._log.is_stopped}
