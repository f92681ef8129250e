"""The calls that count for a provider's health: successes, provider faults, their latencies."""

from collections.abc import Iterable
from typing import Final, NamedTuple, Self

LATENCY_VARIATION: Final = 1.2
"""Standard deviation of a latency over its mean, taken as given: that of answers whose lengths vary much."""


class Minute(NamedTuple):
    """Hold the calls of one minute that count for health; `start` in epoch seconds."""

    start: int
    successes: int
    faults: int
    latency_us: int
    latency_count: int


class Calls(NamedTuple):
    """Hold the sum of some minutes' calls."""

    successes: int = 0
    faults: int = 0
    latency_us: int = 0
    latency_count: int = 0

    @classmethod
    def of(cls, minutes: Iterable[Minute]) -> Self:
        """Return the sum of the minutes."""
        columns = list(zip(*minutes, strict=True))
        return cls(*(sum(column) for column in columns[1:]))

    @property
    def samples(self) -> int:
        """Return how many calls there were."""
        return self.successes + self.faults

    @property
    def average_latency_seconds(self) -> float | None:
        """Return the mean latency; None when none was measured."""
        return self.latency_us / self.latency_count / 1e6 if self.latency_count else None

    def plus(self, other: Minute) -> "Calls":
        """Return the sum with one minute more."""
        return Calls(
            self.successes + other.successes,
            self.faults + other.faults,
            self.latency_us + other.latency_us,
            self.latency_count + other.latency_count,
        )

    def minus(self, other: "Calls") -> "Calls":
        """Return what is left without `other`, which is part of it."""
        return Calls(
            self.successes - other.successes,
            self.faults - other.faults,
            self.latency_us - other.latency_us,
            self.latency_count - other.latency_count,
        )
