"""Tests of prices from the genai-prices package, against its own arithmetic."""

from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from genai_prices.data_snapshot import DataSnapshot, get_snapshot
from genai_prices.types import (
    ClauseEquals,
    ClauseStartsWith,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
    Usage,
)

from tokenpulse_shared.pricing.genai_table import GenaiTable, load_genai_table, model_price
from tokenpulse_shared.pricing.tokens import TokenCounts
from tokenpulse_shared.pricing.wanted import wanted

NOON = datetime(2025, 6, 2, 12, tzinfo=UTC).timestamp()


def model(prices: ModelPrice | list[ConditionalPrice], name: str = "m") -> ModelInfo:
    """Return a model with these prices."""
    return ModelInfo(id=name, match=ClauseEquals(equals=name), prices=prices)


def cost(prices: ModelPrice | list[ConditionalPrice], tokens: TokenCounts, at: float = NOON) -> int | None:
    """Return what a model with these prices says tokens cost."""
    price = model_price(model(prices))
    assert price is not None
    return price.nano_usd(tokens, at)


def usd(text: str) -> Decimal:
    """Return an amount."""
    return Decimal(text)


def test_each_price_is_of_its_kind() -> None:
    """Prices for a million tokens; the fee is for a thousand requests."""
    prices = ModelPrice(
        input_mtok=usd("3"),
        cache_read_mtok=usd("0.3"),
        cache_write_mtok=usd("3.75"),
        cache_write_1h_mtok=usd("6"),
        output_mtok=usd("15"),
        output_reasoning_mtok=usd("20"),
        input_audio_mtok=usd("40"),
        output_audio_mtok=usd("80"),
        requests_kcount=usd("5"),
        web_searches_kcount=usd("10"),
    )
    tokens = TokenCounts(10_000, 2_000, cached=4_000, cache_write=3_000, cache_write_1h=1_000, reasoning=500)

    assert cost(prices, tokens) == 56_200_000 + 5_000_000
    assert cost(prices, TokenCounts(100, 80, audio_input=60, audio_output=50)) == (
        40 * 3_000 + 60 * 40_000 + 30 * 15_000 + 50 * 80_000 + 5_000_000
    )


def test_a_tier_holds_above_its_start_for_all_tokens() -> None:
    """Each kind may have edges of its own, or none."""
    prices = ModelPrice(
        input_mtok=TieredPrices(base=usd("1.25"), tiers=[Tier(start=200_000, price=usd("2.5"))]),
        output_mtok=TieredPrices(
            base=usd("10"), tiers=[Tier(start=200_000, price=usd("15")), Tier(start=300_000, price=usd("20"))]
        ),
        cache_read_mtok=usd("0.1"),
    )

    assert cost(prices, TokenCounts(200_000, 100)) == 250_000_000 + 1_000_000
    assert cost(prices, TokenCounts(200_001, 100)) == 500_002_500 + 1_500_000
    assert cost(prices, TokenCounts(300_001, 100, cached=300_000)) == 2_500 + 30_000_000 + 2_000_000


def test_prices_change_on_a_date_or_by_the_hour() -> None:
    """The last condition that holds decides, the first price if none does; a condition may be left out."""
    prices = [
        ConditionalPrice(prices=ModelPrice(input_mtok=usd("1"))),
        ConditionalPrice(StartDateConstraint(date(2025, 1, 1)), prices=ModelPrice(input_mtok=usd("2"))),
        ConditionalPrice(
            TimeOfDateConstraint(time(16, 30), time(0, 30)), prices=ModelPrice(input_mtok=usd("3"))
        ),
    ]
    moments = (
        "2024-12-31T12:00",
        "2025-01-01T12:00",
        "2025-01-01T16:30",
        "2025-01-02T00:29",
        "2025-01-02T00:30",
    )
    times = [datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() for moment in moments]
    always = [*prices, ConditionalPrice(prices=ModelPrice(input_mtok=usd("4")))]

    assert [cost(prices, TokenCounts(1, 0), at) for at in times] == [1_000, 2_000, 3_000, 3_000, 2_000]
    assert [cost(always, TokenCounts(1, 0), at) for at in times] == [4_000] * 5


def test_what_states_no_usable_price_has_none() -> None:
    """No price at all, prices of other things, images at their own rate, a price that is none."""
    assert model_price(model([])) is None
    assert model_price(model(ModelPrice(input_mtok=usd("-1")))) is None
    assert cost(ModelPrice(), TokenCounts(1, 1)) is None
    assert cost(ModelPrice(audio_hours=usd("0.36")), TokenCounts(1, 1)) is None
    assert (
        cost(
            ModelPrice(input_mtok=usd("1"), output_mtok=usd("2"), output_image_mtok=usd("30")),
            TokenCounts(1, 1),
        )
        is None
    )


@pytest.fixture(name="table")
def _table() -> GenaiTable:
    """Give a table of three providers, one of which shares another's prices."""
    openai = Provider(
        id="openai",
        name="OpenAI",
        api_pattern="",
        model_match=ClauseStartsWith(starts_with="gpt-"),
        models=[
            model(ModelPrice(input_mtok=usd("1")), "gpt-9"),
            model(ModelPrice(input_mtok=usd("2")), "gpt-9-2030-01-31"),
        ],
    )
    azure = Provider(
        id="azure",
        name="Azure",
        api_pattern="",
        fallback_model_providers=["gone", "openai"],
        models=[model(ModelPrice(input_mtok=usd("3")), "ada")],
    )
    aws = Provider(
        id="aws",
        name="AWS",
        api_pattern="",
        models=[model(ModelPrice(input_mtok=usd("4")), "amazon.nova-v1:0")],
    )
    return GenaiTable(DataSnapshot(providers=[openai, azure, aws], from_auto_update=False))


@pytest.mark.parametrize(
    ("provider", "name", "nano"),
    [
        ("openai", "gpt-9", 1_000),
        ("openai", "openai/GPT-9", 1_000),
        ("openai", "gpt-9-20300131", 2_000),
        ("unknown", "gpt-9", 1_000),
        ("azure", "ada", 3_000),
        ("azure", "gpt-9", 1_000),
        ("bedrock", "amazon.nova-v1:0", 4_000),
        ("unknown", "amazon.nova-v1:0", 4_000),
    ],
)
def test_models_are_found_as_callers_name_them(
    table: GenaiTable, provider: str, name: str, nano: int
) -> None:
    """By the provider's own name, a compact date, the model alone, or where prices are shared."""
    price = table.find(wanted(provider, name))

    assert price is not None
    assert price.nano_usd(TokenCounts(1, 0), NOON) == nano


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("openai", "ada"),
        ("acme", "gpt-9"),
        ("openai-compatible", "gpt-9"),
        ("openai", "gpt-9-20309999"),
        ("unknown", "ada"),
        ("openai", "gpt-9" + "9" * 100),
    ],
)
def test_no_model_has_the_price_of_another(table: GenaiTable, provider: str, name: str) -> None:
    """A provider is only taken for another where the data says that they share prices."""
    assert table.find(wanted(provider, name)) is None


def expected_nano_usd(each: ModelInfo, provider: Provider, tokens: TokenCounts, at: float) -> int:
    """Return what genai-prices itself reckons, rounded half to even."""
    usage = Usage(
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cached,
        cache_write_tokens=tokens.cache_write,
        cache_write_1h_tokens=tokens.cache_write_1h,
        output_reasoning_tokens=tokens.reasoning,
        input_audio_tokens=0,
        output_audio_tokens=0,
        cache_audio_read_tokens=0,
    )
    total = each.calc_price(
        usage, provider, genai_request_timestamp=datetime.fromtimestamp(at, UTC)
    ).total_price
    return int((total * 10**9).to_integral_value(ROUND_HALF_EVEN))


@pytest.mark.parametrize(
    "tokens",
    [TokenCounts(200_000, 1_001, 50_001, 20_003, 7_001, 333), TokenCounts(272_001, 17, cached=272_001)],
)
def test_every_model_costs_what_genai_prices_says(tokens: TokenCounts) -> None:
    """For all models of the installed data that have both rates, the amounts are equal to the nano-USD."""
    compared = 0
    for provider in get_snapshot().providers:
        for each in provider.models:
            price = model_price(each)
            nano = None if price is None else price.nano_usd(tokens, NOON)
            if nano is not None:
                compared += 1

                assert nano == expected_nano_usd(each, provider, tokens, NOON), (provider.id, each.id)
    assert compared > 1_000


def test_the_installed_data_has_the_models_people_use() -> None:
    """The table is that of the package."""
    table = load_genai_table()

    for provider, name in [
        ("openai", "gpt-4o"),
        ("anthropic", "claude-sonnet-4-5"),
        ("google", "gemini-2.5-pro"),
    ]:
        assert table.find(wanted(provider, name)) is not None
