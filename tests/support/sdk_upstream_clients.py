"""Make clients of OpenAI's package and of Anthropic's for a server of the tests; each tries once."""

from collections.abc import Callable

import anthropic
import openai

OpenAIClient = Callable[[str], openai.OpenAI]


def openai_client(url: str) -> openai.OpenAI:
    """Return a client as it is for OpenAI."""
    return openai.OpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0)


def azure_client(url: str) -> openai.AzureOpenAI:
    """Return a client as it is for Azure: it names the model in the path."""
    return openai.AzureOpenAI(api_key="none", api_version="2026-01-01", azure_endpoint=url, max_retries=0)


def anthropic_client(url: str) -> anthropic.Anthropic:
    """Return a client as it is for Anthropic."""
    return anthropic.Anthropic(api_key="none", base_url=url, max_retries=0)


def vertex_client(url: str) -> anthropic.AnthropicVertex:
    """Return a client as it is for Anthropic's models on Vertex AI: it names the model in the path."""
    return anthropic.AnthropicVertex(
        region="north", project_id="p", access_token="none", base_url=f"{url}/v1", max_retries=0
    )
