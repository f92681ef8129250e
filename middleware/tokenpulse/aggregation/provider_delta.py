"""What one provider's series gathered since the last flush, by minute.

Invariant: every observation is in exactly one delta.
Bounds: `FINE_MINUTES` minutes, older ones merge into their hour; `MAX_ERRORS_PER_PROVIDER` errors, the last.
"""

from collections import deque
from typing import Final

from tokenpulse.aggregation.counter_places import TOTAL
from tokenpulse.aggregation.deltas import SeriesDelta
from tokenpulse_shared.keyspace import MAX_ERRORS_PER_PROVIDER
from tokenpulse_shared.names import OTHER

FINE_MINUTES: Final = 10
"""Minutes kept apart while Redis is away; what is older keeps its hour."""

ErrorEntry = dict[str, str | int | float | None]
Series = dict[str, SeriesDelta]


class ProviderDelta:
    """Hold a provider's deltas: `minutes` by minute, `hours` by the hour's first minute; models by name."""

    __slots__ = ("current", "errors", "hours", "is_vouched", "minute", "minutes", "names", "observations")

    def __init__(self) -> None:
        self.minute = -1
        self.current: Series = {}
        self.minutes: dict[int, Series] = {}
        self.hours: dict[int, Series] = {}
        self.names: set[str] = set()
        """The models of all windows: what a flood of names is bounded by, however long Redis is away."""
        self.errors: deque[ErrorEntry] = deque(maxlen=MAX_ERRORS_PER_PROVIDER)
        self.is_vouched = False
        """True once the provider's name came from the app, or a request to it succeeded."""
        self.observations = 0

    def turn_to(self, minute: int) -> None:
        """Make `minute` the one that is folded into; the oldest minutes merge into their hour."""
        self.minute = minute
        self.current = self.minutes.setdefault(minute, {})
        while len(self.minutes) > FINE_MINUTES:
            oldest = min(self.minutes)
            if oldest == minute:
                return
            merge_series(self.hours.setdefault(oldest - oldest % 60, {}), self.minutes.pop(oldest))

    def series_count(self) -> int:
        """Return how many series' deltas there are, each window's counted apart."""
        return sum(len(series) for windows in (self.minutes, self.hours) for series in windows.values())

    def models(self) -> dict[str, bool]:
        """Return model → worth a series of its own."""
        names: dict[str, bool] = {}
        for windows in (self.minutes, self.hours):
            for series in windows.values():
                for name, delta in series.items():
                    names[name] = names.get(name, False) or delta.qualifies
        return names

    def lump(self, refused: set[str]) -> int:
        """Count the given models under `__other__`; return how many requests that concerned."""
        requests = 0
        for windows in (self.minutes, self.hours):
            for series in windows.values():
                moved = {name: series.pop(name) for name in refused & series.keys()}
                requests += sum(delta.counters[TOTAL] for delta in moved.values())
                merge_series(series, renamed(moved, OTHER))
        return requests

    def split(self, most_fields: float) -> list["ProviderDelta"]:
        """Return this as parts of which each changes about `most_fields` values in Redis at most, or one series."""
        parts = [ProviderDelta()]
        fields = 0
        for name, weight in self._weights().items():
            if fields and fields + weight > most_fields:
                parts.append(ProviderDelta())
                fields = 0
            fields += weight
            parts[-1].take_over(name, self)
        if len(parts) == 1:
            return [self]
        parts[0].errors = self.errors
        for part in parts:
            part.is_vouched = self.is_vouched
        return parts

    def take_over(self, name: str, other: "ProviderDelta") -> None:
        """Take a model's deltas from another."""
        for mine, theirs in ((self.minutes, other.minutes), (self.hours, other.hours)):
            for start, series in theirs.items():
                if name in series:
                    self.names.add(name)
                    mine.setdefault(start, {})[name] = series[name]
                    self.observations += series[name].counters[TOTAL]

    def _weights(self) -> dict[str, int]:
        """Return about how many values in Redis each model changes."""
        weights: dict[str, int] = {}
        for windows in (self.minutes, self.hours):
            for series in windows.values():
                for name, delta in series.items():
                    weights[name] = weights.get(name, 0) + delta.weight()
        return weights

    def merge(self, later: "ProviderDelta", rename: str | None = None) -> None:
        """Add another provider's deltas; with `rename` all its models count under that name."""
        self.names |= {rename} if rename else later.names
        for mine, more in ((self.minutes, later.minutes), (self.hours, later.hours)):
            for start, series in more.items():
                merge_series(mine.setdefault(start, {}), renamed(series, rename) if rename else series)
        self.errors.extend(later.errors)
        self.observations += later.observations
        self.is_vouched = self.is_vouched or later.is_vouched or rename is not None


def merge_series(into: Series, more: Series) -> None:
    """Add each series' delta to the one of the same name."""
    for name, delta in more.items():
        held = into.get(name)
        if held is None:
            into[name] = delta
        else:
            held.merge(delta)


def renamed(series: Series, name: str) -> Series:
    """Return all deltas merged into one of the given name; they are consumed."""
    merged = SeriesDelta()
    for delta in series.values():
        merged.merge(delta)
    return {name: merged} if series else {}
