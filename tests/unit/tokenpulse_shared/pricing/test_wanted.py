"""Tests of what is looked up for the names that callers use."""

import pytest

from tokenpulse_shared.pricing.wanted import Wanted, wanted


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("openai", "gpt-4o", Wanted("openai", "gpt-4o", "gpt-4o")),
        ("OpenAI", "OpenAI/GPT-4o", Wanted("openai", "openai/gpt-4o", "gpt-4o")),
        ("openai", "openai:gpt-4o", Wanted("openai", "openai:gpt-4o", "gpt-4o")),
        ("groq", "openai/gpt-oss-120b", Wanted("groq", "openai/gpt-oss-120b", "openai/gpt-oss-120b")),
        ("together", "together_ai/m/l-70b", Wanted("together", "together_ai/m/l-70b", "m/l-70b")),
        ("acme", "acme-large", Wanted("acme", "acme-large", "acme-large")),
        ("acme", "acme/large", Wanted("acme", "acme/large", "large")),
        ("google", "models/gemini-2.5-pro", Wanted("google", "models/gemini-2.5-pro", "gemini-2.5-pro")),
        (
            "vertex",
            "publishers/google/models/gemini-2.5-pro",
            Wanted("vertex", "publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"),
        ),
        (
            "bedrock",
            "arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-pro-v1:0",
            Wanted(
                "bedrock",
                "arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-pro-v1:0",
                "us.amazon.nova-pro-v1:0",
            ),
        ),
    ],
)
def test_a_provider_that_is_known_is_kept(provider: str, model: str, expected: Wanted) -> None:
    """The model's id is freed of the provider's name, and of paths where the provider writes such."""
    assert wanted(provider, model) == expected


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("unknown", "gpt-4o", "unknown"),
        ("unknown", "openai/gpt-4o", "openai"),
        ("unknown", "acme/large", "acme"),
        ("llama3", "llama3:8b", "unknown"),
        ("us.anthropic.claude-x-v1", "us.anthropic.claude-x-v1:0", "bedrock"),
        ("unknown", "amazon.nova-pro-v1:0", "bedrock"),
        (
            "arn:aws:bedrock:eu-west-1:1:foundation-model",
            "arn:aws:bedrock:eu-west-1:1:foundation-model/x",
            "bedrock",
        ),
        ("accounts", "accounts/fireworks/models/x", "fireworks"),
        ("deepseek", "deepseek/deepseek-r1:free", "openrouter"),
    ],
)
def test_a_provider_may_be_told_by_the_models_id(provider: str, model: str, expected: str) -> None:
    """A tag after a colon names no provider; the ids of Bedrock, Fireworks and OpenRouter's free ones do."""
    assert wanted(provider, model).provider == expected


def test_a_model_of_nobody_is_looked_up_as_it_is() -> None:
    """Nothing is cut from an id whose provider is unknown."""
    assert wanted("llama3", "Llama3:8b") == Wanted("unknown", "llama3:8b", "llama3:8b")
