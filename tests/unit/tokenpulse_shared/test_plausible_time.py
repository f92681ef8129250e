"""Tests of telling a time that can be true."""

import math

import pytest

from tokenpulse_shared.plausible_time import EARLIEST, LATEST, is_plausible


@pytest.mark.parametrize("moment", [EARLIEST, 1_800_000_000.0, LATEST - 1])
def test_a_time_of_our_days_is_plausible(moment: float) -> None:
    """From when tokenpulse could be running."""
    assert is_plausible(moment)


@pytest.mark.parametrize("moment", [EARLIEST - 1, 0.0, -1.0, LATEST, 1e300, math.inf, -math.inf, math.nan])
def test_any_other_is_not(moment: float) -> None:
    """A clock that was never set, or set to nonsense."""
    assert not is_plausible(moment)
