"""Fold observations by gateway, per hour.

Bounds: the first `MAX_GATEWAYS` gateways that a process sees, of them those that Redis has room for; the rest count
as `__other__`. `MAX_MODELS` models remembered per gateway and hour, of those worth a series.
The aggregator's lock guards it.
"""

from dataclasses import dataclass, field
from typing import Final

from tokenpulse_shared.names import OTHER, clean_name
from tokenpulse_shared.records import Observation

MAX_GATEWAYS: Final = 50
MAX_MODELS: Final = 200


@dataclass(slots=True)
class GatewayDelta:
    """Hold one gateway's hour; `models`: model → epoch minute of its last use."""

    success: int = 0
    errors: int = 0
    latency_us: int = 0
    latency_count: int = 0
    models: dict[str, int] = field(default_factory=dict)


class GatewayAggregator:
    """Fold by (gateway, hour); the hour is named by its first minute."""

    def __init__(self) -> None:
        self._deltas: dict[str, dict[int, GatewayDelta]] = {}
        self._names: set[str] = {OTHER}
        self.refused: set[str] = set()

    def name_of(self, gateway: str) -> str:
        """Return the name that a gateway counts under."""
        name = clean_name(gateway)
        if name not in self._names:
            if len(self._names) > MAX_GATEWAYS:
                return OTHER
            self._names.add(name)
        return OTHER if name in self.refused else name

    def fold(self, gateway: str, observation: Observation, minute: int) -> None:
        """Count one observation."""
        delta = self._deltas.setdefault(self.name_of(gateway), {}).setdefault(
            minute - minute % 60, GatewayDelta()
        )
        if observation.outcome == "success":
            delta.success += 1
        else:
            delta.errors += 1
        if observation.latency_seconds is not None:
            delta.latency_us += int(observation.latency_seconds * 1e6 + 0.5)
            delta.latency_count += 1
        if observation.model in delta.models or (
            len(delta.models) < MAX_MODELS and (observation.outcome == "success" or observation.names_vouched)
        ):
            delta.models[observation.model] = minute

    def waiting(self) -> list[str]:
        """Return the gateways that have something to flush."""
        return list(self._deltas)

    def take(self, gateway: str) -> dict[int, GatewayDelta]:
        """Remove and return a gateway's hours."""
        return self._deltas.pop(gateway, {})
