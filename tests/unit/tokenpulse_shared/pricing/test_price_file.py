"""Tests of reading a price file, with small files in LiteLLM's format."""

import logging
from pathlib import Path

import pytest

from tokenpulse_shared.errors import SettingsError
from tokenpulse_shared.pricing.price_file import PriceFile, read_price_file
from tokenpulse_shared.pricing.tokens import TokenCounts
from tokenpulse_shared.pricing.wanted import wanted

CONTENT = """{
    "sample_spec": {"input_cost_per_token": 0.0, "litellm_provider": "one of those documented",
                    "mode": "one of: chat, embedding", "max_input_tokens": "text"},
    "gpt-4o": {"input_cost_per_token": 0.0000025, "litellm_provider": "openai", "mode": "chat"},
    "azure/gpt-4o": {"input_cost_per_token": 0.000003, "litellm_provider": "azure", "mode": "chat"},
    "gemini/gemini-9": {"input_cost_per_token": 0.000004, "litellm_provider": "gemini"},
    "gemini-9": {"input_cost_per_token": 0.000005, "litellm_provider": "vertex_ai-language-models"},
    "claude-9@20300101": {"input_cost_per_token": 0.000006, "litellm_provider": "vertex_ai-anthropic_models"},
    "anthropic.claude-9-v1:0": {"input_cost_per_token": 0.000007, "litellm_provider": "bedrock"},
    "us.anthropic.claude-9-v1:0": {"input_cost_per_token": 0.000008, "litellm_provider": "bedrock_converse"},
    "together_ai/Maker/Model-70B": {"input_cost_per_token": 0.000009, "litellm_provider": "together_ai"},
    "openrouter/maker/model": {"input_cost_per_token": 0.00001, "litellm_provider": "openrouter"},
    "openrouter/maker/model:free": {"input_cost_per_token": 0, "litellm_provider": "openrouter"},
    "our-own": {"input_cost_per_token": 0.000011},
    "acme/large": {"input_cost_per_token": 0.000012, "litellm_provider": "acme"},
    "dall-e-9": {"output_cost_per_image": 0.04, "litellm_provider": "openai", "mode": "image_generation"},
    "listed-only": {"litellm_provider": "openai", "mode": "chat"}
}"""


def written(tmp_path: Path, content: str) -> str:
    """Write a file; return its path."""
    path = tmp_path / "prices.json"
    path.write_text(content, encoding="utf-8")
    return str(path)


def rate(prices: PriceFile, provider: str, model: str) -> int | None:
    """Return what 1,000 input tokens cost in micro-USD; None when the model is not listed."""
    price = prices.find(wanted(provider, model))
    if price is None:
        return None
    nano = price.nano_usd(TokenCounts(1000, 0), 0.0)
    return None if nano is None else nano // 1000


@pytest.mark.parametrize(
    ("provider", "model", "micro_usd"),
    [
        ("openai", "gpt-4o", 2_500),
        ("openai", "openai/gpt-4o", 2_500),
        ("openai", "GPT-4o", 2_500),
        ("openai", "gpt-4o-2030-01-31", 2_500),
        ("openai", "gpt-4o-20300131", 2_500),
        ("unknown", "gpt-4o", 2_500),
        ("azure", "gpt-4o", 3_000),
        ("azure", "azure/gpt-4o", 3_000),
        ("google", "gemini-9", 4_000),
        ("gemini", "models/gemini-9", 4_000),
        ("vertex", "gemini-9", 5_000),
        ("vertex_ai", "claude-9@20300101", 6_000),
        ("bedrock", "anthropic.claude-9-v1:0", 7_000),
        ("bedrock", "eu.anthropic.claude-9-v1:0", 7_000),
        ("bedrock", "us.anthropic.claude-9-v1:0", 8_000),
        ("bedrock", "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-9-v1:0", 8_000),
        ("us.anthropic.claude-9-v1", "us.anthropic.claude-9-v1:0", 8_000),
        ("together", "Maker/Model-70B", 9_000),
        ("openrouter", "maker/model", 10_000),
        ("openrouter", "openrouter/maker/model", 10_000),
        ("maker", "maker/model:free", 0),
        ("unknown", "our-own", 11_000),
        ("anybody", "our-own", 11_000),
        ("acme", "large", 12_000),
        ("acme", "acme/large", 12_000),
    ],
)
def test_models_are_found_as_callers_name_them(
    tmp_path: Path, provider: str, model: str, micro_usd: int
) -> None:
    """With or without provider, region, date, in any case; an entry without a provider is anybody's."""
    assert rate(read_price_file(written(tmp_path, CONTENT)), provider, model) == micro_usd


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("acme", "gpt-4o"),
        ("anthropic", "gpt-4o"),
        ("maker", "maker/model-70b"),
        ("maker", "maker/model"),
        ("openai", "gpt-4o-mini"),
        ("openai", "gpt-4o-latest"),
        ("gemini", "gemini-9-2030-13-01"),
        ("openai", "listed-only"),
        ("unknown", "large"),
    ],
)
def test_no_model_has_the_price_of_another(tmp_path: Path, provider: str, model: str) -> None:
    """Another provider's price is none, nor is that of a similar name."""
    assert read_price_file(written(tmp_path, CONTENT)).find(wanted(provider, model)) is None


def test_a_model_that_is_not_billed_by_the_token_is_found_without_a_price(tmp_path: Path) -> None:
    """The file says of it that tokens do not price it; no other table is asked."""
    price = read_price_file(written(tmp_path, CONTENT)).find(wanted("openai", "dall-e-9"))

    assert price is not None
    assert price.nano_usd(TokenCounts(1, 1), 0.0) is None


def test_odd_entries_are_set_aside_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The others are used; one line says how many and which was the first."""
    content = '{"a": {"input_cost_per_token": 0.000001}, "b\\n": {"input_cost_per_token": "cheap"}, "c": 5, "d": {}}'
    path = written(tmp_path, content)

    with caplog.at_level(logging.INFO, logger="tokenpulse.pricing"):
        prices = read_price_file(path)

    assert len(prices) == 1
    assert rate(prices, "unknown", "a") == 1_000
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "WARNING",
            (
                f"price file {path}: 1 models, 1 entries without a price, 2 set aside, "
                "the first: b\ufffd (input_cost_per_token)"
            ),
        )
    ]


def test_a_file_without_oddities_is_no_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What was read is said all the same; a byte order mark is no harm."""
    path = written(tmp_path, "\ufeff" + CONTENT)

    with caplog.at_level(logging.INFO, logger="tokenpulse.pricing"):
        read_price_file(path)

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", f"price file {path}: 14 models, 1 entries without a price, 0 set aside")
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "a file that holds JSON"),
        ("{", "a file that holds JSON"),
        ('{"a": NaN}', "a file that holds JSON"),
        ('{"a": {"input_cost_per_token": NaN}}', "a file that holds JSON"),
        ('{"a": {"input_cost_per_token": -Infinity}}', "a file that holds JSON"),
        ('{"a": 1e99999999999999999999}', "a file that holds JSON"),
        ("[" * 100_000, "a file that holds JSON"),
        ("[]", "a JSON object with one entry per model"),
        ('"prices"', "a JSON object with one entry per model"),
        ('{"a": {"input_cost_per_token": -0.1}}', "prices per token from 0 to 1 USD, but 'a' has one"),
        ('{"a": {"input_cost_per_token": 2.5}}', "prices per token from 0 to 1 USD, but 'a' has one"),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_start(tmp_path: Path, content: str, expected: str) -> None:
    """The error names the setting, the path and what was expected; prices for a million tokens are such a file."""
    path = written(tmp_path, content)

    with pytest.raises(SettingsError, match=expected) as caught:
        read_price_file(path)

    assert str(caught.value).startswith(f"price_file='{path}': expected ")


def test_bytes_that_are_no_text_stop_the_start(tmp_path: Path) -> None:
    """The file is UTF-8."""
    path = tmp_path / "prices.json"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(SettingsError, match="a file that holds JSON"):
        read_price_file(str(path))


def test_a_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    """So does a directory."""
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(SettingsError, match="a file that can be read"):
            read_price_file(str(path))
