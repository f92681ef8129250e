"""Tests of exact money."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenpulse_shared.counters import MAX_COUNT
from tokenpulse_shared.pricing.money import nano_usd, price_units
from tokenpulse_shared.pricing.price_errors import PriceRangeError


@pytest.mark.parametrize(
    ("price", "per_digits", "units"),
    [
        ("2.5", 6, 2_500_000_000_000_000_000_000_000),
        ("0.0000025", 0, 2_500_000_000_000_000_000_000_000),
        ("12", 3, 12 * 10**27),
        ("1", 0, 10**30),
        ("1000000", 6, 10**30),
        ("1.0000000000000001e-07", 0, 100_000_000_000_000_010_000_000),
        ("0", 6, 0),
        ("0E-400", 0, 0),
        ("0E+400", 0, 0),
        ("1e-30", 0, 1),
        ("6e-31", 0, 1),
        ("5e-31", 0, 0),
        ("1.5e-30", 0, 2),
        ("1e-999999999", 0, 0),
    ],
)
def test_prices_become_whole_units(price: str, per_digits: int, units: int) -> None:
    """A price is exact to 30 decimals of USD, finer digits round half to even."""
    assert price_units(Decimal(price), per_digits) == units


@pytest.mark.parametrize(
    ("price", "per_digits"),
    [("-1e-9", 0), ("NaN", 0), ("Infinity", 0), ("1.01", 0), ("1000001", 6), ("1e999999", 6)],
)
def test_what_is_no_price_is_refused(price: str, per_digits: int) -> None:
    """Negative, not finite, or above 1 USD a token: the last is a price for a million tokens by mistake."""
    with pytest.raises(PriceRangeError):
        price_units(Decimal(price), per_digits)


@pytest.mark.parametrize(
    ("units", "nano"),
    [
        (0, 0),
        (10**21, 1),
        (10**21 // 2, 0),
        (10**21 // 2 + 1, 1),
        (10**21 * 3 // 2, 2),
        (10**21 * 5 // 2, 2),
        (10**21 * 5 // 2 + 1, 3),
        (MAX_COUNT * 10**21, MAX_COUNT),
        ((MAX_COUNT + 1) * 10**21, None),
    ],
)
def test_units_round_half_to_even(units: int, nano: int | None) -> None:
    """Half a nano-USD goes to the even one; what no counter takes is None."""
    assert nano_usd(units) == nano


@given(st.integers(0, 10**36))
def test_rounding_is_that_of_fractions(units: int) -> None:
    """The rounding is Python's own of an exact fraction."""
    assert nano_usd(units) == round(Fraction(units, 10**21))
