"""Compare what was recorded with what Redis holds."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.chaos.writers import Book, Series
from tokenpulse_shared.counters import SKETCHED
from tokenpulse_shared.store import MetricsStore

WINDOW_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class Verdict:
    """Hold what was sent, what Redis counts, what the writers say is gone; all in requests.

    `wrong`: a line for each counter of a series that is not what it must be.
    """

    sent: int
    counted: int
    unrecoverable: int
    wrong: tuple[str, ...]

    @property
    def lost(self) -> int:
        """Return how many requests are missing without a word."""
        return max(0, self.sent - self.unrecoverable - self.counted)

    @property
    def doubled(self) -> int:
        """Return how many requests were counted too often."""
        return max(0, self.counted - (self.sent - self.unrecoverable))

    @property
    def is_exact(self) -> bool:
        """Tell whether nothing is lost but what was said to be, nothing doubled, every counter right."""
        return not self.lost and not self.doubled and not self.wrong


async def load_books(store: MetricsStore, series: list[Series]) -> dict[str, Book]:
    """Return what Redis holds of each series: its totals, its hours, its hours' sketches."""
    totals = {(found.provider, found.model): found.totals.counters for found in (await store.totals()).models}
    books: dict[str, Book] = {"totals": {}, "hours": {}}
    for provider, model in series:
        books["totals"][provider, model] = Counter(totals.get((provider, model), {}))
        row = (await store.hourly(provider, WINDOW_HOURS, model)).total()
        held = Counter(row.counters)
        for quantity in SKETCHED:
            if quantity in row.sketches:
                held[f"{quantity}_count"] = min(held[f"{quantity}_count"], row.sketches[quantity].count)
        books["hours"][provider, model] = held
    return books


async def judge(store: MetricsStore, sent: Book, unrecoverable: int) -> Verdict:
    """Return the verdict on what was sent.

    Where requests are said to be gone nobody knows their series: then no counter may be more than was sent, and
    totals and hours must have lost the same.
    """
    held = await load_books(store, list(sent))
    counted = sum(counts["total_requests"] for counts in held["totals"].values())
    return Verdict(
        sum(counts["total_requests"] for counts in sent.values()),
        counted,
        unrecoverable,
        tuple(_torn(held, sent) if unrecoverable else _different(held, sent)),
    )


def _different(held: dict[str, Book], sent: Book) -> Iterator[str]:
    for kind, series, name, amount in _each(held, sent):
        if held[kind][series][name] != amount:
            yield f"{kind} of {'/'.join(series)}: {name} is {held[kind][series][name]}, must be {amount}"


def _torn(held: dict[str, Book], sent: Book) -> Iterator[str]:
    for kind, series, name, amount in _each(held, sent):
        found, total = held[kind][series][name], held["totals"][series][name]
        if found > amount:
            yield f"{kind} of {'/'.join(series)}: {name} is {found}, at most {amount} were sent"
        if found != total:
            yield f"{kind} of {'/'.join(series)}: {name} is {found}, in totals {total}"


def _each(held: dict[str, Book], sent: Book) -> Iterator[tuple[str, Series, str, int]]:
    for kind in held:
        for series, counts in sent.items():
            for name, amount in counts.items():
                yield kind, series, name, amount
