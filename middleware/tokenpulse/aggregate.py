"""Fold observations into deltas by provider, minute, model.

Strategy: one lock, held for 2 to 8 µs per observation, once for a batch. A provider's deltas wait here until
the flusher takes them, so while Redis is away they keep folding: memory follows the series that are alive, not
the traffic.
Invariants: every observation is in exactly one delta; taking a provider's deltas removes them.
Bounds: per provider and minute `max_models` admitted names plus as many candidates, further names fold into
`__other__`; `max_providers` providers plus as many candidates; `FINE_MINUTES` minutes, older ones merge into
their hour; finish reasons with error types as in `known_words`.
"""

import threading
from collections import deque
from typing import Final

from tokenpulse.deltas import SeriesDelta
from tokenpulse.gateway_aggregate import GatewayAggregator, GatewayDelta
from tokenpulse.known_words import Words
from tokenpulse.provider_delta import ProviderDelta
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.records import Observation, error_class

_NOT_ERRORS: Final = frozenset(("success", "client_disconnect", "cancelled"))


class Aggregator:
    """Fold observations, hand out deltas; thread-safe.

    `known` holds, per provider, the models this process knows to be admitted; the admission fills it.
    """

    def __init__(self, *, max_providers: int, max_models: int) -> None:
        self._max_providers = max_providers
        self._max_models = max_models
        self._lock = threading.Lock()
        self._providers: dict[str, ProviderDelta] = {}
        self.known: dict[str, set[str]] = {}
        self._gateways = GatewayAggregator()
        self._words = Words()
        self.observations = 0
        self._overflow = {"model": 0, "provider": 0}

    def fold(self, observation: Observation, now: float) -> None:
        """Count one observation in the minute of `now`, epoch seconds."""
        with self._lock:
            self._fold(observation, now)

    def fold_all(self, waiting: deque[tuple[Observation, float]]) -> list[Exception]:
        """Count all that waits, each with its `now`; return what bad ones raised."""
        errors: list[Exception] = []
        with self._lock:
            while waiting:
                try:
                    self._fold(*waiting.popleft())
                except Exception as error:  # noqa: BLE001  # one bad record must not take the others along
                    errors.append(error)
        return errors

    def _fold(self, observation: Observation, now: float) -> None:
        minute = int(now // 60)
        self.observations += 1
        provider = self._providers.get(observation.provider)
        if provider is None:
            provider = self._new_provider(observation.provider)
        if provider.minute != minute:
            provider.turn_to(minute)
        delta = provider.current.get(observation.model)
        if delta is None:
            delta = self._new_series(provider, observation)
        delta.fold(observation, self._words)
        provider.observations += 1
        if observation.outcome == "success":
            delta.qualifies = provider.is_vouched = True
        else:
            self._fold_failure(provider, delta, observation, now)
        if observation.gateway is not None:
            self._gateways.fold(observation.gateway, observation, minute)

    @staticmethod
    def _fold_failure(
        provider: ProviderDelta, delta: SeriesDelta, observation: Observation, now: float
    ) -> None:
        outcome = observation.outcome
        if observation.provider_vouched:
            provider.is_vouched = True
        if observation.names_vouched and outcome != "caller_error":
            delta.qualifies = True
        if outcome in _NOT_ERRORS:
            return
        latency = observation.latency_seconds
        provider.errors.append(
            {
                "model": observation.model,
                "error": observation.error_message or observation.error_type or outcome,
                "type": error_class(outcome),
                "outcome": outcome,
                "status": observation.status_code,
                "timestamp": round(now, 3),
                "latency_ms": None if latency is None else round(latency * 1000, 3),
            }
        )

    def _new_provider(self, name: str) -> ProviderDelta:
        if name not in self.known and len(self._providers) >= 2 * self._max_providers:
            self._overflow["provider"] += 1
            name = OTHER
        return self._providers.setdefault(name, ProviderDelta())

    def _new_series(self, provider: ProviderDelta, observation: Observation) -> SeriesDelta:
        name = observation.model
        known = self.known.get(observation.provider, ())
        if name not in known and len(provider.current) >= 2 * self._max_models:
            self._overflow["model"] += 1
            name = OTHER
        return provider.current.setdefault(name, SeriesDelta())

    def waiting(self) -> list[str]:
        """Return the providers that have something to flush."""
        with self._lock:
            return [name for name, delta in self._providers.items() if delta.observations]

    def take_overflow(self) -> dict[str, int]:
        """Return how many requests counted under `__other__`, for want of room here, since the last call."""
        with self._lock:
            overflow, self._overflow = self._overflow, dict.fromkeys(self._overflow, 0)
            return overflow

    def take(self, provider: str) -> ProviderDelta | None:
        """Remove and return a provider's deltas; None when there are none."""
        with self._lock:
            return self._providers.pop(provider, None)

    def give_back(self, name: str, delta: ProviderDelta, rename: str | None = None) -> None:
        """Put deltas back (under `__other__`, when a name was not admitted)."""
        with self._lock:
            held = self._providers.pop(name, None)
            restored = ProviderDelta()
            restored.merge(delta, rename)
            if held is not None:
                restored.merge(held)
            self._providers[name] = restored

    def waiting_gateways(self) -> list[str]:
        """Return the gateways that have something to flush."""
        with self._lock:
            return self._gateways.waiting()

    def take_gateway(self, gateway: str) -> dict[int, GatewayDelta]:
        """Remove and return a gateway's deltas by the hour's first minute."""
        with self._lock:
            return self._gateways.take(gateway)

    def series_count(self) -> int:
        """Return how many deltas are held: what memory follows."""
        with self._lock:
            return sum(
                len(series)
                for provider in self._providers.values()
                for windows in (provider.minutes, provider.hours)
                for series in windows.values()
            )
