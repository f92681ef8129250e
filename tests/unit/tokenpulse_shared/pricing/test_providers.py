"""Tests of the names that price tables have for providers."""

import pytest
from genai_prices.data_snapshot import get_snapshot

from tokenpulse_shared.names import KNOWN_PROVIDERS, UNKNOWN
from tokenpulse_shared.pricing.providers import PROVIDER_NAMES, ProviderNames, names_of


def test_other_providers_have_the_name_they_have() -> None:
    """Nothing needs to be listed for those."""
    assert names_of("groq") == ProviderNames(("groq",), "groq")


def test_nobody_has_no_names() -> None:
    """So that no provider's entries are taken for an unknown one by name."""
    assert names_of(UNKNOWN) == ProviderNames((), "")


@pytest.mark.parametrize(
    "provider",
    [
        *("anthropic", "azure", "bedrock", "cerebras", "cohere", "deepseek", "fireworks", "gemini", "google"),
        *("groq", "mistral", "mistralai", "moonshot", "moonshotai", "novita", "openai", "openrouter"),
        *("perplexity", "together", "vertex", "vertex_ai", "x-ai", "xai", "zai", "z-ai"),
    ],
)
def test_genai_prices_knows_the_names_it_is_asked_by(provider: str) -> None:
    """Each is a provider of the installed package."""
    assert provider in KNOWN_PROVIDERS
    assert names_of(provider).genai in {each.id for each in get_snapshot().providers}


def test_aliases_are_lower_case() -> None:
    """Names are looked up in lower case."""
    assert all(name == name.lower() for name in PROVIDER_NAMES)
