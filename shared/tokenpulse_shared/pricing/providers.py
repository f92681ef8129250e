"""The names that price tables have for the providers that callers name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from tokenpulse_shared.names import UNKNOWN


class ProviderNames(NamedTuple):
    """Hold one provider's names: those of LiteLLM's file, and genai-prices' id."""

    price_file: tuple[str, ...]
    genai: str


_AZURE: Final = ProviderNames(("azure", "azure_ai", "azure_text"), "azure")
_BEDROCK: Final = ProviderNames(("bedrock", "bedrock_converse", "bedrock_mantle", "amazon_nova"), "aws")
_COHERE: Final = ProviderNames(("cohere", "cohere_chat"), "cohere")
_FIREWORKS: Final = ProviderNames(("fireworks_ai",), "fireworks")
_MISTRAL: Final = ProviderNames(("mistral", "codestral", "text-completion-codestral"), "mistral")
_MOONSHOT: Final = ProviderNames(("moonshot",), "moonshotai")
_NVIDIA: Final = ProviderNames(("nvidia_nim",), "nvidia")
_OPENAI: Final = ProviderNames(("openai", "text-completion-openai"), "openai")
_TOGETHER: Final = ProviderNames(("together_ai",), "together")
_VERTEX: Final = ProviderNames(("vertex_ai",), "google")
_XAI: Final = ProviderNames(("xai",), "x-ai")
_ZAI: Final = ProviderNames(("zai",), "zai")

PROVIDER_NAMES: Final[Mapping[str, ProviderNames]] = MappingProxyType(
    {
        UNKNOWN: ProviderNames((), ""),
        "amazon": _BEDROCK,
        "aws": _BEDROCK,
        "azure": _AZURE,
        "azure_ai": _AZURE,
        "azure_openai": _AZURE,
        "bedrock": _BEDROCK,
        "bedrock_converse": _BEDROCK,
        "cohere": _COHERE,
        "cohere_chat": _COHERE,
        "fireworks": _FIREWORKS,
        "fireworks-ai": _FIREWORKS,
        "fireworks_ai": _FIREWORKS,
        "gemini": ProviderNames(("gemini",), "google"),
        "google": ProviderNames(("gemini", "vertex_ai"), "google"),
        "mistral": _MISTRAL,
        "mistralai": _MISTRAL,
        "moonshot": _MOONSHOT,
        "moonshotai": _MOONSHOT,
        "nvidia": _NVIDIA,
        "nvidia_nim": _NVIDIA,
        "openai": _OPENAI,
        "together": _TOGETHER,
        "together-ai": _TOGETHER,
        "together_ai": _TOGETHER,
        "togetherai": _TOGETHER,
        "vertex": _VERTEX,
        "vertex_ai": _VERTEX,
        "x-ai": _XAI,
        "xai": _XAI,
        "z-ai": _ZAI,
        "zai": _ZAI,
    }
)
"""Those whose names differ. Every other provider is looked up under the name it has.

Makers of open models (`meta-llama`, `qwen`) are left out on purpose: others serve their models, each at a
price of its own.
"""


def names_of(provider: str) -> ProviderNames:
    """Return a provider's names in price tables, given its name in lower case."""
    return PROVIDER_NAMES.get(provider) or ProviderNames((provider,), provider)
