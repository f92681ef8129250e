"""Remember which breakers are not at rest, so that asking them needs no Redis.

Strategy: the flush thread puts in what Redis holds of the providers that are watched; whoever asks reads one dict.
Waits are kept on the monotonic clock. A provider is watched once somebody asked for it.
Invariant: what was not refreshed for `stale_seconds` is not believed: then everything is let through.
Bounds: `MAX_WATCHED` providers, the oldest go first; of these the breakers that are not at rest; `MAX_UNCOUNTED`
rejections that are not added up.
"""

import math
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from tokenpulse_shared.breaker import BreakerState, Circuit, Forced
from tokenpulse_shared.circuits.circuit_index import MovedCircuit

MAX_WATCHED: Final = 1000
MAX_UNCOUNTED: Final = 1000
STALE_SECONDS: Final = 10.0
"""How long Redis may be away before breakers are not believed any more."""

Series = tuple[str, str]
"""A provider with one of its models."""


class HeldBreaker(NamedTuple):
    """Hold a breaker as this process knows it; `retry_at` is monotonic seconds, endless while it is forced."""

    state: BreakerState
    forced: Forced | None
    retry_at: float


class BreakerMemory:
    """Hold breakers, and count who was turned away; `held` is read from any thread, written by the flush thread."""

    def __init__(self, monotonic: Callable[[], float], stale_seconds: float = STALE_SECONDS) -> None:
        self.monotonic = monotonic
        self._stale_seconds = stale_seconds
        self.fresh_until = float("-inf")
        """Until when what is held may be believed, monotonic seconds."""
        self._lock = threading.Lock()
        self._rejected: dict[str, int] = {}
        self._uncounted: deque[str] = deque()
        self.held: Mapping[Series, HeldBreaker] = {}
        self.watched: dict[str, None] = {}

    def watch(self, provider: str) -> None:
        """Have the provider's breakers kept here from the next flush on."""
        with self._lock:
            if provider not in self.watched and len(self.watched) >= MAX_WATCHED:
                del self.watched[next(iter(self.watched))]
            self.watched[provider] = None

    def watched_providers(self) -> list[str]:
        """Return the providers that are watched."""
        with self._lock:
            return list(self.watched)

    def replace(self, moved: Mapping[Series, MovedCircuit], now: float) -> None:
        """Hold exactly these breakers from now on; `now`: epoch seconds by Redis's clock."""
        ahead = self.monotonic() - now
        self.held = {
            series: HeldBreaker(told.state, told.forced, _monotonic(told.retry_at, told.state, ahead))
            for series, told in moved.items()
        }
        self.fresh_until = self.monotonic() + self._stale_seconds

    def put(self, provider: str, model: str, circuit: Circuit, now: float) -> None:
        """Hold what this process has just made of a breaker."""
        if provider not in self.watched:
            return
        held = {name: breaker for name, breaker in self.held.items() if name != (provider, model)}
        if not circuit.is_at_rest:
            retry_at = _monotonic(circuit.retry_at, circuit.state, self.monotonic() - now)
            held[provider, model] = HeldBreaker(circuit.state, circuit.forced, retry_at)
        self.held = held

    def half_open(self) -> set[Series]:
        """Return the breakers that let probes through."""
        return {name for name, held in self.held.items() if held.state == "HALF_OPEN" and not held.forced}

    def count_rejection(self, provider: str) -> None:
        """Count a call that was turned away: noted without a lock, added up later."""
        self._uncounted.append(provider)
        if len(self._uncounted) >= MAX_UNCOUNTED:
            self.rejected()

    def rejected(self) -> dict[str, int]:
        """Return how many calls were turned away, by provider, since this process began."""
        with self._lock:
            for _ in range(len(self._uncounted)):
                provider = self._uncounted.popleft()
                self._rejected[provider] = self._rejected.get(provider, 0) + 1
            return dict(self._rejected)


def _monotonic(retry_at: float | None, state: BreakerState, ahead: float) -> float:
    """Return when an open breaker's wait is over on the monotonic clock."""
    if retry_at is not None:
        return retry_at + ahead
    return math.inf if state == "OPEN" else -math.inf
