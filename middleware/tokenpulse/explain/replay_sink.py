"""Take what the middleware records of a replay; nothing goes to Redis."""

from collections import Counter

from tokenpulse.sink import HasLabels, HttpExchange
from tokenpulse_shared.clock import Clock
from tokenpulse_shared.pricing import PriceBook
from tokenpulse_shared.records import Observation
from tokenpulse_shared.settings import Settings


class ReplaySink:
    """Stand where the recorder stands in an app."""

    def __init__(self, settings: Settings, clock: Clock, prices: PriceBook) -> None:
        self.settings = settings
        self.clock = clock
        self.prices = prices
        self.in_progress: set[HasLabels] = set()
        self.observations: list[Observation] = []
        self.faults: Counter[str] = Counter()
        """How often each cause of bad input was set aside."""

    def observe(self, observation: Observation) -> None:
        """Keep an observation."""
        self.observations.append(observation)

    def count_http(self, exchange: HttpExchange) -> None:
        """Pass over a plain record: of a replay it tells nothing."""

    def count_fault(self, cause: str) -> None:
        """Count bad input that was set aside."""
        self.faults[cause] += 1

    def internal_error(self, where: str, error: BaseException) -> None:
        """Raise an exception inside tokenpulse: who replays an exchange looks for it."""
        raise error

    def ensure_started(self) -> None:
        """Start nothing: there is nothing to flush."""
