"""Fold observations into deltas by provider, minute, model.

Strategy: one lock, held for 2 to 8 µs per observation, once for a batch. A provider's deltas wait here until
the flusher takes them, so while Redis is away they keep folding: memory follows the series that are alive, not
the traffic.
Invariants: every observation is in exactly one delta; taking a provider's deltas removes them.
Bounds: per provider `max_models` admitted names plus as many candidates, again as many that have earned a series,
over all its minutes; further names fold into `__other__`; `max_providers` providers likewise; `FINE_MINUTES`
minutes, older ones merge into their hour; finish reasons with error types as in `known_words`.
"""

import threading
from collections import deque
from collections.abc import Container
from typing import Final

from tokenpulse.aggregation.deltas import SeriesDelta
from tokenpulse.aggregation.gateway_aggregate import GatewayAggregator, GatewayDelta
from tokenpulse.aggregation.known_words import Words
from tokenpulse.aggregation.provider_delta import ProviderDelta
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.records import Observation, error_class

_NOT_ERRORS: Final = frozenset(("success", "client_disconnect", "cancelled"))
_UNPROVEN: Final = 2
"""How often the names kept fit into what waits: the admitted ones, and as many candidates."""
_WORTHY: Final = 3
"""The same for what is worth a series, so that a flood of invented names keeps no real one out."""


def provider_room(observation: Observation, max_providers: int) -> int:
    """Return how many providers may wait before this observation's counts as `__other__`, unless it is known."""
    worthy = observation.outcome == "success" or observation.provider_vouched
    return (_WORTHY if worthy else _UNPROVEN) * max_providers


class Aggregator:
    """Fold observations, hand out deltas; thread-safe.

    `known` holds, per provider, the models this process knows to be admitted; the admission fills it.
    """

    def __init__(self, *, max_providers: int, max_models: int) -> None:
        self._max_providers = max_providers
        self._max_models = max_models
        self._lock = threading.Lock()
        self._providers: dict[str, ProviderDelta] = {}
        self.known: dict[str, Container[str]] = {}
        self._gateways = GatewayAggregator()
        self._words = Words()
        self.observations = 0
        self._overflow = {"model": 0, "provider": 0}

    def fold(self, observation: Observation, now: float) -> None:
        """Count one observation in the minute of `now`, epoch seconds."""
        with self._lock:
            self._fold(observation, now)

    def fold_all(
        self, waiting: deque[tuple[Observation, float]], ahead_seconds: float = 0.0
    ) -> list[Exception]:
        """Count all that waits, each with its stamp; return what bad ones raised.

        `ahead_seconds` makes stamps epoch seconds.
        """
        errors: list[Exception] = []
        with self._lock:
            while waiting:
                try:
                    observation, stamp = waiting.popleft()
                    self._fold(observation, stamp + ahead_seconds)
                except Exception as error:  # noqa: BLE001  # one bad record must not take the others along
                    errors.append(error)
        return errors

    def _fold(self, observation: Observation, now: float) -> None:
        minute = int(now // 60)
        self.observations += 1
        provider = self._providers.get(observation.provider)
        if provider is None:
            provider = self._new_provider(observation)
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

    def _new_provider(self, observation: Observation) -> ProviderDelta:
        name = observation.provider
        room = provider_room(observation, self._max_providers)
        if name not in self.known and len(self._providers) >= room:
            self._overflow["provider"] += 1
            name = OTHER
        return self._providers.setdefault(name, ProviderDelta())

    def _new_series(self, provider: ProviderDelta, observation: Observation) -> SeriesDelta:
        name = observation.model
        known = self.known.get(observation.provider, ())
        room = (_WORTHY if observation.outcome == "success" else _UNPROVEN) * self._max_models
        if name not in known and name not in provider.names and len(provider.names) >= room:
            self._overflow["model"] += 1
            name = OTHER
        provider.names.add(name)
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

    def names_in_use(self) -> dict[str, tuple[bool, dict[str, bool]]]:
        """Return for each provider that waits (worth a series, model → worth a series)."""
        in_use: dict[str, tuple[bool, dict[str, bool]]] = {}
        for name in self.waiting():  # locked for one at a time: nobody is to wait for thousands of series
            with self._lock:
                delta = self._providers[name]
                in_use[name] = delta.is_vouched, delta.models()
        return in_use

    def gateway_name(self, gateway: str) -> str:
        """Return the name that a gateway counts under."""
        with self._lock:
            return self._gateways.name_of(gateway)

    def refuse_gateways(self, gateways: set[str]) -> None:
        """Count these gateways under `__other__` from now on."""
        with self._lock:
            self._gateways.refused |= gateways

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
