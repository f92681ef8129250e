"""The baseline: what is usual, with incidents left out."""

from statistics import fmean, median_low

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenpulse_reader.reports.baseline import Baseline


def test_the_worked_numbers() -> None:
    """Three hours of nine times the usual do not move it."""
    assert Baseline([1, 1, 1, 1, 1, 9, 9, 9]).without() == 1.0


def test_half_of_all_hours_may_be_an_incident() -> None:
    """The lower median is one of the usual hours as long as these are half of all."""
    assert Baseline([2.0] * 6 + [50.0] * 6).without() == 2.0
    assert Baseline([2.0] * 6 + [50.0] * 7).without() == 50.0


@pytest.mark.parametrize(("values", "baseline"), [([], None), ([3.0] * 3, None), ([3.0] * 4, 3.0)])
def test_fewer_than_four_hours_say_nothing(values: list[float], baseline: float | None) -> None:
    """The contract's bound, exactly."""
    assert Baseline(values).without() == baseline


def test_fewer_than_four_usual_hours_say_nothing() -> None:
    """Hours of which no four are alike have nothing that is usual."""
    assert Baseline([1.0, 10.0, 100.0, 1000.0, 10_000.0]).without() is None


def test_twice_and_half_are_still_usual() -> None:
    """The ends of the range belong to it."""
    assert Baseline([1.0, 2.0, 2.0, 2.0, 4.0, 4.1]).without() == pytest.approx(2.2)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.data())
def test_one_hour_left_out_is_as_if_it_were_not_there(values: list[int], data: st.DataObject) -> None:
    """Reckoned anew from the other hours."""
    place = data.draw(st.integers(0, len(values) - 1))
    others = [*values[:place], *values[place + 1 :]]
    usual: list[int] = []
    if len(others) >= 4:
        center = median_low(others)
        usual = [value for value in others if center / 2 <= value <= center * 2]

    expected = fmean(usual) if len(usual) >= 4 else None
    assert Baseline(values).without(values[place]) == expected == Baseline(others).without()
