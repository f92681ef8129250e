"""Numbers from a provider's JSON, taken only if they can be counts or amounts."""

from decimal import Decimal
from typing import Final

from tokenpulse_shared.counters import MAX_COUNT

NANO_PER_USD: Final = 1_000_000_000


def is_count(value: object) -> bool:
    """Tell whether a value is a whole number from 0 to `MAX_COUNT`; booleans and floats are not."""
    return type(value) is int and 0 <= value <= MAX_COUNT


def nano_usd(amount: object) -> int | None:
    """Return an amount in USD as integer nano-USD, None if it is no amount.

    `0.000123` → 123000. Half a nano-USD rounds to even.
    """
    if isinstance(amount, bool) or not isinstance(amount, int | float | Decimal):
        return None
    if isinstance(amount, Decimal) and not amount.is_finite():  # a signalling NaN cannot even be compared
        return None
    if not 0 <= amount <= MAX_COUNT / NANO_PER_USD:
        return None
    return round(Decimal(repr(amount) if isinstance(amount, float) else amount) * NANO_PER_USD)
