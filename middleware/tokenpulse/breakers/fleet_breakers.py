"""Do for the fleet's breakers what is to be done after a flush, as far as the setting `breaker_mode` wants it."""

from collections.abc import Iterable

import redis

from tokenpulse.batches.operations import Calls
from tokenpulse.breakers.breaker_refresh import BreakerRefresh
from tokenpulse.breakers.breaker_state import BreakerState
from tokenpulse.breakers.breakers import Breakers
from tokenpulse.guard import Guard
from tokenpulse_shared.breaker import BreakerPolicy
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.settings import Settings


class FleetBreakers:
    """Move breakers, know of them, lease probes; used by the flush thread only."""

    def __init__(
        self,
        client: redis.Redis,
        keyspace: Keyspace,
        settings: Settings,
        guard: Guard,
        state: BreakerState,
    ) -> None:
        """Ask nothing yet."""
        policy = BreakerPolicy(slow_ratio=settings.breaker_slow_ratio, probes=settings.breaker_probes)
        self._is_off = settings.breaker_mode == "off"
        self._breakers = Breakers(client, keyspace, guard, state.memory, policy)
        self._refresh = BreakerRefresh(client, keyspace, guard, self._breakers, state, probes=policy.probes)

    def look(self, provider: str, calls: Iterable[Calls], now: float) -> None:
        """Advance the breakers of a provider whose calls Redis has; `now` is epoch seconds by Redis's clock.

        Raises:
            redis.RedisError: Redis could not be asked; the next flush with traffic looks again.
        """
        if not self._is_off:
            self._breakers.look(provider, calls, now)

    def refresh(self, now: float) -> None:
        """Bring up to date what this process knows, and what the fleet knows of it.

        Raises:
            redis.RedisError: Redis could not be reached; what is in memory goes stale.
            OSError: the same, in a way the driver does not translate.
        """
        if not self._is_off:
            self._refresh.run(now)
