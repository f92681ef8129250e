"""Tests of one model's entry in LiteLLM's format."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tokenpulse_shared.pricing.card import NO_TOKEN_PRICE
from tokenpulse_shared.pricing.litellm_entry import entry_price
from tokenpulse_shared.pricing.price_errors import OddEntryError, PriceRangeError
from tokenpulse_shared.pricing.tokens import TokenCounts

MONDAY_NOON = 1_748_865_600.0  # 2025-06-02T12:00:00Z


def cost(entry: str, tokens: TokenCounts, at: float = MONDAY_NOON) -> int | None:
    """Return what an entry, given as JSON, says tokens cost."""
    price = entry_price(read(entry))
    assert price is not None
    return price.nano_usd(tokens, at)


def read(entry: str) -> dict[str, Any]:
    """Return an entry as the price file's reader gives it."""
    content: dict[str, Any] = json.loads(entry, parse_float=Decimal)
    return content


def test_each_key_prices_its_kind() -> None:
    """All eight kinds, each at a rate of its own; a fee for the request on top."""
    entry = """{
        "input_cost_per_token": 0.000003, "cache_read_input_token_cost": 3e-7,
        "cache_creation_input_token_cost": 0.00000375, "cache_creation_input_token_cost_above_1hr": 0.000006,
        "input_cost_per_audio_token": 0.00004, "output_cost_per_token": 0.000015,
        "output_cost_per_reasoning_token": 0.00002, "output_cost_per_audio_token": 0.00008,
        "input_cost_per_request": 0.001, "input_cost_per_token_priority": 0.5, "input_cost_per_token_batches": 1e-6,
        "mode": "chat"
    }"""
    tokens = TokenCounts(10_000, 2_000, cache_write=3_000, cache_write_1h=1_000, reasoning=500, cached=4_000)

    assert cost(entry, tokens) == 56_200_000 + 1_000_000
    assert cost(entry, TokenCounts(100, 80, audio_input=60, audio_output=50)) == (
        40 * 3_000 + 60 * 40_000 + 30 * 15_000 + 50 * 80_000 + 1_000_000
    )


def test_an_older_name_of_the_cached_rate_is_known() -> None:
    """The newer name wins where both are there."""
    old = '{"input_cost_per_token": 1e-6, "input_cost_per_token_cache_hit": 1e-7}'
    both = '{"cache_read_input_token_cost": 2e-7, "input_cost_per_token": 1e-6, "input_cost_per_token_cache_hit": 1e-7}'

    assert cost(old, TokenCounts(10, 0, cached=10)) == 1_000
    assert cost(both, TokenCounts(10, 0, cached=10)) == 2_000


TIERED = """{
    "input_cost_per_token": 0.00000125, "input_cost_per_token_above_200k_tokens": 0.0000025,
    "output_cost_per_token": 0.00001, "output_cost_per_token_above_200k_tokens": 0.000015,
    "cache_read_input_token_cost": 1.25e-7, "cache_read_input_token_cost_above_200k_tokens": 2.5e-7,
    "cache_creation_input_token_cost": 0.000001,
    "cache_creation_input_token_cost_above_1hr": 0.000002,
    "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 0.000004,
    "output_cost_per_token_above_500000_tokens": 0.00002, "input_cost_per_token_above_200k_tokens_priority": 0.9,
    "output_cost_per_token_above_300k_tokens": null, "litellm_provider": "%s"
}"""


def test_above_an_edge_all_tokens_cost_the_higher_rate() -> None:
    """The edge itself is below; what a tier does not state stays as it was."""
    entry = TIERED % "gemini"

    assert cost(entry, TokenCounts(200_000, 100)) == 250_000_000 + 1_000_000
    assert cost(entry, TokenCounts(200_001, 100)) == 500_002_500 + 1_500_000
    assert cost(entry, TokenCounts(200_001, 0, cached=200_000)) == 2_500 + 50_000_000
    assert cost(entry, TokenCounts(200_001, 0, cache_write=200_000, cache_write_1h=100_000)) == (
        2_500 + 100_000_000 + 400_000_000
    )
    assert cost(entry, TokenCounts(500_000, 10)) == 1_250_000_000 + 150_000
    assert cost(entry, TokenCounts(500_001, 10)) == 1_250_002_500 + 200_000


def test_the_edge_of_xai_belongs_to_the_higher_tier() -> None:
    """xAI bills the higher rates from 200,000 tokens on."""
    entry = TIERED % "xai"

    assert cost(entry, TokenCounts(199_999, 0)) == 199_999 * 1_250
    assert cost(entry, TokenCounts(200_000, 0)) == 200_000 * 2_500


LISTED = """{
    "input_cost_per_token": 0.9, "output_cost_per_token": 0.000009, "cache_read_input_token_cost": 0.9,
    "tiered_pricing": [
        {"range": [32000.0, 128000.0], "input_cost_per_token": 5e-7, "output_cost_per_token": 2.5e-6,
         "cache_read_input_token_cost": 1.2e-7, "output_cost_per_reasoning_token": 0.000004},
        {"range": [0, 32000.0], "input_cost_per_token": 3e-7, "output_cost_per_token": 1.5e-6},
        {"range": [128000, 256000], "input_cost_per_token": 8e-7}
    ]
}"""


def test_listed_tiers_replace_the_rates_of_the_entry() -> None:
    """A range holds above its start, the last one without end; the entry's output rate fills a gap."""
    assert cost(LISTED, TokenCounts(0, 10)) == 15_000
    assert cost(LISTED, TokenCounts(32_000, 10, cached=1_000)) == 32_000 * 300 + 15_000
    assert cost(LISTED, TokenCounts(32_001, 10, cached=1_000, reasoning=4)) == (
        31_001 * 500 + 1_000 * 120 + 6 * 2_500 + 4 * 4_000
    )
    assert cost(LISTED, TokenCounts(300_000, 10, cached=1_000)) == 300_000 * 800 + 10 * 9_000


OFF_PEAK = """{
    "input_cost_per_token": 3e-7, "output_cost_per_token": 0.0000012, "input_cost_per_token_above_128k_tokens": 6e-7,
    "off_peak_pricing": {"hours_utc": "10:00-13:00", "input_cost_per_token": 1.5e-7, "output_cost_per_token": 6e-7}
}"""


def test_off_peak_rates_replace_the_others_during_their_hours() -> None:
    """Large inputs as well; cached tokens follow the input rate they have no rate beside."""
    evening = MONDAY_NOON + 6 * 3600

    assert cost(OFF_PEAK, TokenCounts(1_000, 100), MONDAY_NOON) == 150_000 + 60_000
    assert cost(OFF_PEAK, TokenCounts(1_000, 100, cached=400), MONDAY_NOON) == 210_000
    assert cost(OFF_PEAK, TokenCounts(200_000, 100), MONDAY_NOON) == 30_000_000 + 60_000
    assert cost(OFF_PEAK, TokenCounts(1_000, 100), evening) == 300_000 + 120_000
    assert cost(OFF_PEAK, TokenCounts(200_000, 100), evening) == 120_000_000 + 120_000


@pytest.mark.parametrize(
    "mode", ["image_generation", "rerank", "audio_transcription", "search", "realtime", 5]
)
def test_modes_that_are_not_billed_by_the_token_have_no_price(mode: object) -> None:
    """They are listed, so nobody else's price is looked for."""
    assert entry_price({"mode": mode, "input_cost_per_token": Decimal("1e-6")}) is NO_TOKEN_PRICE


@pytest.mark.parametrize("mode", ["chat", "completion", "responses", "embedding", None])
def test_modes_that_are_billed_by_the_token_have_one(mode: object) -> None:
    """Embeddings have an input rate alone."""
    price = entry_price({"mode": mode, "input_cost_per_token": Decimal("2e-8")})

    assert price is not None
    assert price.nano_usd(TokenCounts(1_000, 0), 0.0) == 20_000


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"mode": "chat"},
        {"input_cost_per_second": 1},
        {"input_cost_per_token": None, "off_peak_pricing": 5},
    ],
)
def test_an_entry_without_a_rate_states_no_price(entry: dict[str, Any]) -> None:
    """Another table may have one."""
    assert entry_price(entry) is None


@pytest.mark.parametrize(
    "entry",
    [
        {"input_cost_per_token": "3e-6"},
        {"input_cost_per_token": True},
        {"input_cost_per_token": []},
        {"input_cost_per_request": "x", "input_cost_per_token": 0},
        {"input_cost_per_token_above_128k_tokens": "x"},
        {"tiered_pricing": {}},
        {"tiered_pricing": []},
        {"tiered_pricing": ["x"]},
        {"tiered_pricing": [{"input_cost_per_token": 0}]},
        {"tiered_pricing": [{"range": []}]},
        {"tiered_pricing": [{"range": ["0", 5]}]},
        {"tiered_pricing": [{"range": [-1, 5]}]},
        {"tiered_pricing": [{"range": [Decimal("1e999999999"), 5]}]},
        {"input_cost_per_token": 0, "off_peak_pricing": "at night"},
    ],
)
def test_an_entry_that_cannot_be_understood_is_odd(entry: dict[str, Any]) -> None:
    """The reader of the file sets it aside."""
    with pytest.raises(OddEntryError):
        entry_price(entry)


@pytest.mark.parametrize(
    "key", ["input_cost_per_token", "output_cost_per_token_above_200k_tokens", "input_cost_per_request"]
)
def test_a_number_that_is_no_price_is_an_error(key: str) -> None:
    """Negative prices are no oddity: the file is wrong."""
    with pytest.raises(PriceRangeError):
        entry_price({key: Decimal("-1e-6")})
