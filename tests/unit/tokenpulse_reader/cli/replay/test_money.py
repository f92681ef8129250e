"""Amounts of money in words."""

import pytest

from tokenpulse_reader.cli.replay.money import usd


@pytest.mark.parametrize(
    ("nano_usd", "shown"),
    [(0, "0"), (1, "0.000000001"), (95_000, "0.000095"), (1_500_000_000, "1.5"), (20_000_000_000, "20")],
)
def test_amounts_are_exact(nano_usd: int, shown: str) -> None:
    """No digit is lost, no zero is added."""
    assert usd(nano_usd) == shown
