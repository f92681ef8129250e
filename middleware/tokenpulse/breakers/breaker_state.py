"""What one process knows of the fleet's breakers, with the probes it leases."""

from typing import Final, NamedTuple

from tokenpulse.breakers.breaker_memory import STALE_SECONDS, BreakerMemory
from tokenpulse.breakers.probe_leases import LEASE_SECONDS, ProbeLeases
from tokenpulse_shared.clock import Clock
from tokenpulse_shared.settings import Settings

_FLUSHES: Final = 4
"""How many flushes may fail, where they are rare, before a lease ends or what is in memory is not believed."""


class BreakerState(NamedTuple):
    """Hold both; see their modules."""

    memory: BreakerMemory
    leases: ProbeLeases

    @classmethod
    def empty(cls, settings: Settings, clock: Clock) -> "BreakerState":
        """Return the state of a process that begins."""
        seconds = _FLUSHES * settings.flush_interval
        return cls(
            BreakerMemory(clock.monotonic, max(STALE_SECONDS, seconds)),
            ProbeLeases(clock.monotonic, max(LEASE_SECONDS, seconds)),
        )
