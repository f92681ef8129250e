"""Tests of how a request's tokens are told apart."""

import pytest

from tokenpulse_shared.pricing.tokens import TokenCounts, disjoint_kinds


def test_every_token_is_in_one_kind() -> None:
    """Parts are taken out of what includes them."""
    tokens = TokenCounts(1000, 200, 300, 250, 50, 60, 40, 30)

    assert disjoint_kinds(tokens) == (410, 300, 200, 50, 40, 110, 60, 30)


def test_all_of_the_input_may_be_cached() -> None:
    """Nothing is left over then."""
    assert disjoint_kinds(TokenCounts(7, 3, cached=7, reasoning=3)) == (0, 7, 0, 0, 0, 0, 3, 0)


@pytest.mark.parametrize(
    "tokens",
    [
        TokenCounts(10, 0, cached=11),
        TokenCounts(10, 0, cached=6, cache_write=5),
        TokenCounts(10, 0, cached=6, audio_input=5),
        TokenCounts(10, 0, cache_write=3, cache_write_1h=4),
        TokenCounts(0, 10, reasoning=11),
        TokenCounts(0, 10, reasoning=6, audio_output=5),
        TokenCounts(10, 0, cached=-1),
    ],
)
def test_counts_that_contradict_each_other_have_no_kinds(tokens: TokenCounts) -> None:
    """Parts that exceed the whole leave unknown what is to be priced as what."""
    assert disjoint_kinds(tokens) is None
