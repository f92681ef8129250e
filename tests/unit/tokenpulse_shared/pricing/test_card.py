"""Tests of what a model's rates make of a request's tokens."""

from decimal import Decimal

import pytest

from tokenpulse_shared.pricing.card import NO_TOKEN_PRICE, Price, PriceCard, make_card
from tokenpulse_shared.pricing.money import price_units
from tokenpulse_shared.pricing.rates import Kind, Stated
from tokenpulse_shared.pricing.tokens import TokenCounts


def rates(**usd_per_million: str) -> Stated:
    """Return rates by kind, from prices for a million tokens."""
    names: dict[str, Kind] = {
        "input": "input",
        "cached": "cached",
        "cache_write": "cache_write",
        "cache_write_1h": "cache_write_1h",
        "audio_input": "audio_input",
        "output": "output",
        "reasoning": "reasoning",
        "audio_output": "audio_output",
        "cached_audio": "cached_audio",
        "image_output": "image_output",
        "video_output": "video_output",
    }
    return {names[kind]: price_units(Decimal(price), 6) for kind, price in usd_per_million.items()}


def cost(card: Price | None, tokens: TokenCounts) -> int | None:
    """Return what a card says tokens cost."""
    assert card is not None
    return card.nano_usd(tokens, 0.0)


def test_each_kind_is_priced_once_at_its_own_rate() -> None:
    """Cached, both cache writes, reasoning and the rest are six products."""
    card = make_card(
        rates(input="3", cached="0.3", cache_write="3.75", cache_write_1h="6", output="15", reasoning="20")
    )
    tokens = TokenCounts(10_000, 2_000, cached=4_000, cache_write=3_000, cache_write_1h=1_000, reasoning=500)

    # 3000·3000 + 4000·300 + 2000·3750 + 1000·6000 + 1500·15000 + 500·20000 nano-USD
    assert cost(card, tokens) == 9_000_000 + 1_200_000 + 7_500_000 + 6_000_000 + 22_500_000 + 10_000_000


def test_without_rates_of_their_own_parts_cost_what_the_whole_costs() -> None:
    """Cached, written and reasoning tokens change nothing then."""
    card = make_card(rates(input="3", output="15"))

    assert cost(card, TokenCounts(10_000, 2_000, 4_000, 3_000, 1_000, 500)) == 60_000_000
    assert cost(card, TokenCounts(10_000, 2_000)) == 60_000_000


def test_audio_has_its_own_rate_or_no_price() -> None:
    """Audio tokens are never priced as text."""
    spoken = TokenCounts(100, 80, audio_input=60, audio_output=50)

    # 40·2500 + 60·40000 + 30·10000 + 50·80000 nano-USD
    full = make_card(rates(input="2.5", output="10", audio_input="40", audio_output="80"))
    assert cost(full, spoken) == 100_000 + 2_400_000 + 300_000 + 4_000_000
    assert cost(make_card(rates(input="2.5", output="10", audio_input="40")), spoken) is None
    assert cost(make_card(rates(input="2.5", output="10", audio_output="80")), spoken) is None
    assert cost(make_card(rates(input="2.5", output="10")), TokenCounts(100, 80)) == 1_050_000


def test_cached_audio_with_its_own_rate_cannot_be_told_apart() -> None:
    """Cached tokens of a request with audio could be either; without audio they are text."""
    card = make_card(rates(input="0.3", cached="0.03", audio_input="1", cached_audio="0.1", output="2.5"))
    same = make_card(rates(input="4", cached="0.4", audio_input="32", cached_audio="0.4", output="16"))

    assert cost(card, TokenCounts(1000, 0, cached=500, audio_input=100)) is None
    assert cost(card, TokenCounts(1000, 0, cached=500)) == 500 * 300 + 500 * 30
    assert cost(card, TokenCounts(1000, 0, audio_input=100)) == 900 * 300 + 100 * 1000
    assert (
        cost(same, TokenCounts(1000, 0, cached=500, audio_input=100)) == 400 * 4000 + 500 * 400 + 100 * 32_000
    )


def test_a_tier_holds_for_all_tokens_of_a_request_that_reaches_it() -> None:
    """The whole input decides, cache included; one token more changes the price of every token."""
    card = make_card(
        rates(input="1.25", cached="0.125", output="10"),
        {200_001: rates(input="2.5", cached="0.25", output="15"), 400_001: rates(input="5", output="30")},
    )

    assert cost(card, TokenCounts(200_000, 100)) == 200_000 * 1250 + 100 * 10_000
    assert cost(card, TokenCounts(200_001, 100)) == 200_001 * 2500 + 100 * 15_000
    assert cost(card, TokenCounts(200_001, 100, cached=200_000)) == 2500 + 200_000 * 250 + 100 * 15_000
    assert cost(card, TokenCounts(400_000, 0)) == 400_000 * 2500
    assert cost(card, TokenCounts(400_001, 0, cached=1)) == 400_001 * 5000


def test_a_kind_without_a_rate_has_no_price() -> None:
    """Embeddings have no output; where there is some, the cost is unknown."""
    card = make_card(rates(input="0.02"))

    assert cost(card, TokenCounts(1000, 0)) == 20_000
    assert cost(card, TokenCounts(1000, 1)) is None


def test_contradicting_counts_have_no_price() -> None:
    """More cached tokens than input cannot be priced."""
    assert cost(make_card(rates(input="3", output="15")), TokenCounts(10, 5, cached=11)) is None


def test_zero_is_a_price() -> None:
    """A free model costs nothing, which is known."""
    assert cost(make_card(rates(input="0", output="0")), TokenCounts(1000, 1000)) == 0


def test_a_fee_is_charged_for_each_request() -> None:
    """12 USD for 1,000 requests are 0.012 USD on top."""
    card = make_card(rates(input="1", output="1"), request_units=price_units(Decimal(12), 3))

    assert cost(card, TokenCounts(10, 5)) == 15_000 + 12_000_000


def test_the_sum_of_a_thousand_costs_is_exact() -> None:
    """Rounding happens once a request, and not at all where the cost is whole."""
    card = make_card(rates(input="0.037", output="0.4"))

    assert sum(cost(card, TokenCounts(n, n)) or 0 for n in range(1, 1001)) == 437 * 500_500


def test_rounding_is_of_the_whole_request() -> None:
    """Two halves of a nano-USD are one, not two roundings."""
    card = make_card(rates(input="0.0005", output="0.0005"))

    assert cost(card, TokenCounts(1, 0)) == 0
    assert cost(card, TokenCounts(1, 1)) == 1
    assert cost(card, TokenCounts(3, 0)) == 2


@pytest.mark.parametrize("kind", ["image_output", "video_output"])
def test_output_that_is_no_text_at_a_rate_of_its_own_has_no_price(kind: str) -> None:
    """Nobody tells how many of the output tokens are images or videos."""
    assert make_card(rates(input="0.3", output="2.5", **{kind: "30"})) is NO_TOKEN_PRICE
    assert isinstance(make_card(rates(input="0.3", output="2.5", **{kind: "2.5"})), PriceCard)
    assert cost(NO_TOKEN_PRICE, TokenCounts(1, 1)) is None


def test_without_a_rate_of_text_there_is_no_card() -> None:
    """A rate of audio alone says nothing of what is counted."""
    assert make_card({}) is None
    assert make_card(rates(audio_input="1")) is None
    assert isinstance(make_card({}, {1: rates(input="1")}), PriceCard)
    assert isinstance(make_card(rates(output="1")), PriceCard)
