"""Keep what this process knows of the fleet's breakers up to date; tell the fleet what this process did.

Bounds: nothing is asked before somebody asks for a breaker. Then it is one round trip a flush, with one command for
each provider that is watched; up to three more when a breaker's wait is over, probes are leased, calls were turned
away.
"""

import uuid
from typing import Final

import redis

from tokenpulse.breakers.breaker_memory import Series
from tokenpulse.breakers.breaker_state import BreakerState
from tokenpulse.breakers.breakers import Breakers
from tokenpulse.guard import Guard
from tokenpulse.writing.refusals import note_refusal
from tokenpulse.writing.script_call import Call, Script
from tokenpulse_shared.circuits.circuit_index import MovedCircuit, decode_index
from tokenpulse_shared.keyspace import TOTALS_RETENTION_SECONDS, Keyspace

LEASE: Final = Script("lease")
REJECTIONS: Final = Script("rejections")


class BreakerRefresh:
    """Refresh the memory after each flush; used by the flush thread only.

    `probes`: most in flight over the fleet.
    """

    def __init__(
        self,
        client: redis.Redis,
        keyspace: Keyspace,
        guard: Guard,
        breakers: Breakers,
        state: BreakerState,
        *,
        probes: int,
    ) -> None:
        self._client = client
        self._keys = keyspace
        self._guard = guard
        self._breakers = breakers
        self._memory, self._leases = state
        self._probes = probes
        self._writer_id = uuid.uuid4().hex
        self._acknowledged: dict[str, int] = {}

    def run(self, now: float) -> None:
        """Refresh; `now` is epoch seconds by Redis's clock.

        Raises:
            redis.RedisError: Redis could not be reached; what is in memory goes stale.
            OSError: the same, in a way the driver does not translate.
        """
        providers = self._memory.watched_providers()
        if providers:
            moved = self._load(providers, now)
            self._memory.replace(moved, now)
            self._review(moved, now)
            self._lease()
        self._tell_rejections()

    def _load(self, providers: list[str], now: float) -> dict[Series, MovedCircuit]:
        with self._client.pipeline(transaction=False) as pipeline:
            for provider in providers:
                pipeline.hgetall(self._keys.moved_circuits(provider))
            replies = pipeline.execute(raise_on_error=False)
        moved: dict[Series, MovedCircuit] = {}
        for provider, reply in zip(providers, replies, strict=True):
            if isinstance(reply, dict):
                moved |= {(provider, model): told for model, told in decode_index(reply, now).items()}
            else:
                self._complain("breakers could not be read", reply)
        return moved

    def _review(self, moved: dict[Series, MovedCircuit], now: float) -> None:
        """Have open breakers become half open whose wait is over."""
        due: dict[str, list[str]] = {}
        for (provider, model), told in moved.items():
            if told.state == "OPEN" and told.retry_at is not None and told.retry_at <= now:
                due.setdefault(provider, []).append(model)
        for provider, models in due.items():
            self._breakers.review(provider, models, now)

    def _lease(self) -> None:
        requests = self._leases.requests(self._memory.half_open())
        if not requests:
            return
        asked_at = self._memory.monotonic()
        seconds = str(self._leases.lease_seconds)
        calls: list[Call] = [
            (self._keys.circuit(*series), (self._probes, seconds, *map(" ".join, request)))
            for series, request in requests.items()
        ]
        for (series, request), reply in zip(
            requests.items(), LEASE.call_all(self._client, calls), strict=True
        ):
            if isinstance(reply, list):
                self._leases.settle(series, request, {lease_id.decode() for lease_id in reply}, asked_at)
            else:
                self._complain("probes could not be leased", reply)

    def _tell_rejections(self) -> None:
        waiting = {
            provider: count
            for provider, count in self._memory.rejected().items()
            if count != self._acknowledged.get(provider, 0)
        }
        if not waiting:
            return
        calls = [
            (
                self._keys.circuit_totals(provider),
                (self._writer_id, self._acknowledged.get(provider, 0), count, TOTALS_RETENTION_SECONDS),
            )
            for provider, count in waiting.items()
        ]
        for provider, reply in zip(waiting, REJECTIONS.call_all(self._client, calls), strict=True):
            if isinstance(reply, int):
                self._acknowledged[provider] = reply
            else:
                self._complain("rejections could not be counted", reply)

    def _complain(self, event: str, reply: Exception) -> None:
        note_refusal(self._guard, "breaker_unreadable", event, reply)
