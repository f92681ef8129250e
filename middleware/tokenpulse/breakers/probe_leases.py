"""Hold this process's leases of half-open breakers' probes: fetched ahead, handed out, given back.

Strategy: who asks takes a lease that is here already; the flush thread fetches the next, renews those in use,
gives back those that nobody wants. All processes share one breaker's leases by way of Redis (`lease.lua`).
Invariants: a lease is handed out once; one that may end before it is renewed again is not handed out. A process
that dies renews nothing, so what it held ends within `lease_seconds`.
Bounds: one unused lease a breaker; a lease in use for every call in flight. A call that nobody said the end of
keeps its lease for `PROBE_SECONDS`.
"""

import threading
import uuid
from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from tokenpulse.breakers.breaker_memory import Series

LEASE_SECONDS: Final = 10.0
"""Ten flushes: a process that is held up for less keeps its leases."""
PROBE_SECONDS: Final = 120.0
"""How long a probe may take when nobody tells its end."""
WANTED_SECONDS: Final = 5.0
"""How long after a breaker was last asked a lease is kept at hand for it."""


class Lease:
    """Hold one leased probe; `ends_at`, `handed_out_at`: monotonic seconds; None: it is unused."""

    __slots__ = ("ends_at", "handed_out_at", "id", "is_awaited", "series")

    def __init__(self, lease_id: str, series: Series, ends_at: float) -> None:
        self.id = lease_id
        self.series = series
        self.ends_at = ends_at
        self.handed_out_at: float | None = None
        self.is_awaited = False
        """Whether the end of its call is sure to be told."""


class LeaseRequest(NamedTuple):
    """Name the leases of one breaker, by id, that are given back, renewed, wanted anew."""

    returned: list[str]
    renewed: list[str]
    wanted: list[str]


class ProbeLeases:
    """Keep leases; thread-safe. All times are those of the monotonic clock given."""

    def __init__(self, monotonic: Callable[[], float], lease_seconds: float = LEASE_SECONDS) -> None:
        self._monotonic = monotonic
        self.lease_seconds = lease_seconds
        self._lock = threading.Lock()
        self._leases: dict[str, Lease] = {}
        self._returned: dict[str, Series] = {}
        self.asked_at: dict[Series, float] = {}
        """When somebody last wanted to call: for these a lease is fetched once the breaker is half open."""

    def take(self, series: Series, now: float) -> Lease | None:
        """Hand out a lease; None when none is at hand."""
        if not self._leases:
            return None
        with self._lock:
            for lease in self._leases.values():
                is_safe = lease.ends_at - now >= self.lease_seconds / 2
                if lease.series == series and lease.handed_out_at is None and is_safe:
                    lease.handed_out_at = now
                    return lease
        return None

    def give_back(self, lease: Lease) -> None:
        """End a lease's use; doing it twice does nothing."""
        with self._lock:
            self._give_back(lease)

    def _give_back(self, lease: Lease) -> None:
        if self._leases.pop(lease.id, None) is not None:
            self._returned[lease.id] = lease.series

    def requests(self, half_open: Collection[Series]) -> dict[Series, LeaseRequest]:
        """Return what to ask Redis for, by breaker; `half_open`: those that grant new leases."""
        now = self._monotonic()
        asked: dict[Series, LeaseRequest] = {}

        def of(series: Series) -> LeaseRequest:
            return asked.setdefault(series, LeaseRequest([], [], []))

        with self._lock:
            asked_at = self.asked_at.copy()  # in one step: who asks takes no lock
            for name, at in asked_at.items():
                if now - at > WANTED_SECONDS:
                    self.asked_at.pop(name, None)
            since = now - WANTED_SECONDS
            wanted = {name for name in half_open if asked_at.get(name, float("-inf")) >= since}
            for lease in list(self._leases.values()):
                if self._is_over(lease, wanted, now):
                    self._give_back(lease)
                else:
                    of(lease.series).renewed.append(lease.id)
            for lease_id, series in self._returned.items():
                of(series).returned.append(lease_id)
            unused = {lease.series for lease in self._leases.values() if lease.handed_out_at is None}
            for series in wanted - unused:
                of(series).wanted.append(uuid.uuid4().hex)
        return asked

    @staticmethod
    def _is_over(lease: Lease, wanted: Collection[Series], now: float) -> bool:
        if lease.handed_out_at is None:
            return lease.series not in wanted
        return not lease.is_awaited and now - lease.handed_out_at > PROBE_SECONDS

    def settle(self, series: Series, request: LeaseRequest, held: Collection[str], asked_at: float) -> None:
        """Take note of Redis's answer: the ids held; `asked_at`: when it was asked."""
        ends_at = asked_at + self.lease_seconds
        with self._lock:
            for lease_id in request.returned:
                self._returned.pop(lease_id, None)
            for lease_id in request.renewed:
                if lease_id not in held:
                    self._leases.pop(lease_id, None)
                elif lease_id in self._leases:
                    self._leases[lease_id].ends_at = ends_at
            for lease_id in request.wanted:
                if lease_id in held:
                    self._leases[lease_id] = Lease(lease_id, series, ends_at)
