"""A price that changes with time: on a date, or by the hour."""

from collections.abc import Callable
from datetime import UTC, datetime

from tokenpulse_shared.pricing.card import Price
from tokenpulse_shared.pricing.tokens import TokenCounts

Condition = Callable[[datetime], bool]
"""Tells whether a price holds at a moment, given in UTC."""


class PriceSchedule:
    """Hold the usual price of a model with the changes to it; of the changes that hold, the last wins.

    Costs about 1 µs more than a fixed price, for each change looked at. Nothing of it is remembered.
    """

    __slots__ = ("_changes", "_usual")

    def __init__(self, usual: Price | None, changes: tuple[tuple[Condition, Price | None], ...]) -> None:
        self._usual = usual
        self._changes = tuple(reversed(changes))

    def nano_usd(self, tokens: TokenCounts, at: float) -> int | None:
        """Return what the tokens cost at that time (epoch seconds); None: not known."""
        moment = datetime.fromtimestamp(at, UTC)
        price = self._usual
        for holds, changed in self._changes:
            if holds(moment):
                price = changed
                break
        return None if price is None else price.nano_usd(tokens, at)
