"""Tests of taking numbers from what may be anything."""

import math
from decimal import Decimal

import pytest

from tokenpulse.dialects.numbers import is_count, nano_usd
from tokenpulse_shared.counters import MAX_COUNT


@pytest.mark.parametrize("value", [0, 1, MAX_COUNT])
def test_whole_numbers_are_counts(value: object) -> None:
    """From nothing to the largest that every part of the way keeps."""
    assert is_count(value)


@pytest.mark.parametrize("value", [-1, MAX_COUNT + 1, 10**400, True, 1.0, "1", None, [], math.nan])
def test_anything_else_is_none(value: object) -> None:
    """Booleans and floats too."""
    assert not is_count(value)


@pytest.mark.parametrize(
    ("amount", "nano"),
    [
        (0, 0),
        (0.000123, 123_000),
        (Decimal("0.1"), 100_000_000),
        (2, 2_000_000_000),
        (5e-324, 0),
        (Decimal("1e-400"), 0),
        (MAX_COUNT // 10**9, MAX_COUNT // 10**9 * 10**9),
    ],
)
def test_amounts_become_nano_usd(amount: object, nano: int) -> None:
    """Exactly; what is less than half of one is none."""
    assert nano_usd(amount) == nano


@pytest.mark.parametrize(
    "amount",
    [
        *(
            -1,
            -1e-9,
            10**400,
            -(10**400),
            2**63,
            1e300,
            math.inf,
            -math.inf,
            math.nan,
            True,
            False,
            "1",
            None,
            1j,
        ),
        *(Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-1"), Decimal("1e400")),
    ],
    ids=repr,
)
def test_what_is_no_amount_is_none(amount: object) -> None:
    """Nothing raises, whatever the number is."""
    assert nano_usd(amount) is None
