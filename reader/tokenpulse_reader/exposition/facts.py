"""Everything one exposition is made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tokenpulse_shared.breaker import BreakerState
from tokenpulse_shared.business_gauges import BusinessGauge
from tokenpulse_shared.circuits.circuit_counters import CircuitCounters
from tokenpulse_shared.scoring import Health
from tokenpulse_shared.totals.totals_records import Totals

_SEVERITY: Final[tuple[BreakerState, ...]] = ("CLOSED", "HALF_OPEN", "OPEN")


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDay:
    """Hold what the last 24 hour buckets say; a name without an entry is not known.

    `cost_nano_usd`: provider → cost of its priced requests. `uptime`: model → (successes, provider faults).
    """

    cost_nano_usd: Mapping[str, int] = field(default_factory=dict)
    uptime: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Hold one consistent view: counters, health by provider, breakers by (provider, model).

    `breaker_counters`: by provider. `gauges`: those posted. `anomalies`: what goes on now, by type; None: not known.
    `readers`: what readers count of themselves, by name (see `families_readers`); None: not known.
    `last_day` is None before it was loaded. `age_seconds` is how long ago the view was loaded;
    `is_redis_up` tells whether Redis answered the last time it was asked.
    """

    totals: Totals
    health: Mapping[str, Health] = field(default_factory=dict)
    breakers: Mapping[tuple[str, str], BreakerState] = field(default_factory=dict)
    last_day: LastDay | None = None
    breaker_counters: Mapping[str, CircuitCounters] = field(default_factory=dict)
    gauges: Sequence[BusinessGauge] = ()
    anomalies: Mapping[str, int] | None = None
    readers: Mapping[str, int] | None = None
    age_seconds: float = 0.0
    is_redis_up: bool = True

    def provider_breakers(self) -> dict[str, BreakerState]:
        """Return each provider's worst breaker: OPEN before HALF_OPEN before CLOSED."""
        worst: dict[str, BreakerState] = {}
        for (provider, _), state in sorted(self.breakers.items()):
            held = worst.get(provider, "CLOSED")
            worst[provider] = max(held, state, key=_SEVERITY.index)
        return worst
