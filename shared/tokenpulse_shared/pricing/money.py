"""Exact money: whole units of 1e-30 USD, rounded once to nano-USD.

A stated price is a decimal number of USD, often for a million tokens. As a whole number of units it is exact
(the finest price we know has 24 decimals), so sums and products are exact as well. There is no float.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Final

from tokenpulse_shared.counters import MAX_COUNT
from tokenpulse_shared.pricing.price_errors import PriceRangeError

UNIT_DECIMALS: Final = 30
"""Decimals of USD that are kept; finer digits of a price are rounded, half to even."""

MAX_USD: Final = 1
"""Highest price of one token that is believed; the highest we know is 0.0006. Above it, the unit is wrong."""

_UNITS_PER_NANO_USD: Final = 10 ** (UNIT_DECIMALS - 9)
_HALF: Final = _UNITS_PER_NANO_USD // 2


def price_units(price: Decimal, per_digits: int = 0) -> int:
    """Return the price of one piece in units of 1e-30 USD.

    `price` is for 10**`per_digits` pieces: 2.50 for a million (`per_digits` 6) is 2.5e-6 USD each, 2.5e24 units.

    Raises:
        PriceRangeError: negative, NaN, infinite, or more than `MAX_USD` each.
    """
    if not price.is_finite() or not 0 <= price <= MAX_USD * 10**per_digits:
        raise PriceRangeError(f"{price} is no price")
    if not price or price.adjusted() < per_digits - UNIT_DECIMALS - 1:
        return 0  # far below half a unit; its fraction could be huge
    units_per_usd: int = 10 ** (UNIT_DECIMALS - per_digits)
    return round(Fraction(price) * units_per_usd)


def nano_usd(units: int) -> int | None:
    """Return units as nano-USD, half to even; None above what a counter takes.

    1.5e21 units are 1.5 nano-USD: 2. 2.5e21 units: 2 as well.
    """
    nano, rest = divmod(units + _HALF, _UNITS_PER_NANO_USD)
    if rest == 0 and nano & 1:
        nano -= 1
    return nano if nano <= MAX_COUNT else None
