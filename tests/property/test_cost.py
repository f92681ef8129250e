"""Properties of what tokens cost."""

from hypothesis import given
from hypothesis import strategies as st

from tokenpulse_shared.pricing.card import make_card
from tokenpulse_shared.pricing.tokens import TokenCounts, disjoint_kinds

COUNTS = st.integers(0, 1_000_000)
ONE_NANO_USD = 10**21


@st.composite
def token_counts(draw: st.DrawFn) -> TokenCounts:
    """Draw counts whose parts do not exceed what includes them."""
    plain, cached, write, write_1h, audio_in, text, reasoning, audio_out = (draw(COUNTS) for _ in range(8))
    return TokenCounts(
        plain + cached + write + write_1h + audio_in,
        text + reasoning + audio_out,
        cached,
        write + write_1h,
        write_1h,
        reasoning,
        audio_in,
        audio_out,
    )


@given(token_counts())
def test_no_token_is_priced_twice(tokens: TokenCounts) -> None:
    """Where each kind costs one nano-USD, the cost is the number of tokens, whatever their kinds."""
    card = make_card(
        {
            "input": ONE_NANO_USD,
            "cached": ONE_NANO_USD,
            "cache_write": ONE_NANO_USD,
            "cache_write_1h": ONE_NANO_USD,
            "audio_input": ONE_NANO_USD,
            "output": ONE_NANO_USD,
            "reasoning": ONE_NANO_USD,
            "audio_output": ONE_NANO_USD,
        }
    )

    assert card is not None
    assert card.nano_usd(tokens, 0.0) == tokens.input + tokens.output


@given(st.builds(TokenCounts, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS))
def test_kinds_are_whole_or_nothing(tokens: TokenCounts) -> None:
    """Any counts: either every token is in one kind, or parts exceed the whole and there are none."""
    kinds = disjoint_kinds(tokens)

    if kinds is None:
        assert (
            tokens.cached + tokens.cache_write + tokens.audio_input > tokens.input
            or tokens.cache_write_1h > tokens.cache_write
            or tokens.reasoning + tokens.audio_output > tokens.output
        )
    else:
        assert min(kinds) >= 0
        assert sum(kinds) == tokens.input + tokens.output


@given(COUNTS, COUNTS, COUNTS, st.integers(1, 50))
def test_equal_requests_cost_their_multiple(plain: int, cached: int, output: int, times: int) -> None:
    """At whole rates nothing is lost to rounding."""
    card = make_card(
        {"input": 2500 * ONE_NANO_USD, "cached": 1250 * ONE_NANO_USD, "output": 10_000 * ONE_NANO_USD}
    )
    tokens = TokenCounts(plain + cached, output, cached)

    assert card is not None
    assert sum(card.nano_usd(tokens, 0.0) or 0 for _ in range(times)) == times * (
        2500 * plain + 1250 * cached + 10_000 * output
    )
