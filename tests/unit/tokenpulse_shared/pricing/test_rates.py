"""Tests of the rates of kinds that a table does not state."""

from tokenpulse_shared.pricing.rates import Rates, complete_rates


def test_a_kind_without_a_rate_costs_what_it_is_part_of() -> None:
    """Cache is priced as input, reasoning as output; audio is not."""
    assert complete_rates({"input": 3, "output": 15}) == Rates(3, 3, 3, 3, None, 15, 15, None)


def test_a_one_hour_write_costs_what_a_write_costs() -> None:
    """The rate of a cache write is nearer than that of input."""
    assert complete_rates({"input": 3, "cache_write": 4}) == Rates(3, 3, 4, 4, None, None, None, None)


def test_stated_rates_are_kept() -> None:
    """Nothing is derived where all is said, zero included."""
    rates = complete_rates(
        {
            "input": 1,
            "cached": 0,
            "cache_write": 3,
            "cache_write_1h": 4,
            "audio_input": 5,
            "output": 6,
            "reasoning": 7,
            "audio_output": 8,
        }
    )

    assert rates == Rates(1, 0, 3, 4, 5, 6, 7, 8)
