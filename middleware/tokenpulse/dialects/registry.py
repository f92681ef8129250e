"""List the dialects tokenpulse speaks."""

from collections.abc import Sequence
from typing import Final

from tokenpulse.dialects.anthropic import AnthropicMessages
from tokenpulse.dialects.base import Dialect, Route
from tokenpulse.dialects.bedrock_converse import BedrockConverse
from tokenpulse.dialects.bedrock_invoke import BedrockInvoke
from tokenpulse.dialects.cohere_embeddings import CohereEmbeddings
from tokenpulse.dialects.cohere_rerank import CohereRerank
from tokenpulse.dialects.cohere_v1 import CohereV1
from tokenpulse.dialects.cohere_v2 import CohereV2
from tokenpulse.dialects.gemini import GeminiGenerate
from tokenpulse.dialects.gemini_embeddings import GeminiEmbeddings
from tokenpulse.dialects.ollama import OllamaChat, OllamaGenerate
from tokenpulse.dialects.ollama_embeddings import OllamaEmbed, OllamaEmbeddings
from tokenpulse.dialects.openai_chat import OpenAIChat
from tokenpulse.dialects.openai_completions import OpenAICompletions
from tokenpulse.dialects.openai_embeddings import OpenAIEmbeddings
from tokenpulse.dialects.openai_responses import OpenAIResponses
from tokenpulse_shared.errors import SettingsError

BUILT_IN: Final[tuple[Dialect, ...]] = (
    OpenAIChat(),
    OpenAICompletions(),
    OpenAIEmbeddings(),
    OpenAIResponses(),
    AnthropicMessages(),
    GeminiGenerate(),
    GeminiEmbeddings(),
    OllamaChat(),
    OllamaGenerate(),
    OllamaEmbed(),
    OllamaEmbeddings(),
    CohereV1(),
    CohereV2(),
    CohereEmbeddings(),
    CohereRerank(),
    BedrockConverse(),
    BedrockInvoke(),
)

RouteOwner = tuple[Route, Dialect | None]
"""A route and who reads it; None: its requests are no inference."""

PLAIN_ROUTES: Final = (Route("/publishers/anthropic/models/count-tokens:rawPredict"),)
"""Routes that look like a dialect's own but generate nothing: Vertex counts tokens where it also generates."""

_NOT_INFERENCE: Final = "none"


def told_routes(text: str, known: Sequence[Dialect]) -> list[RouteOwner]:
    """Return the routes a setting such as `/generate=openai-chat, /api/chat=none` names, in its order.

    Raises:
        SettingsError: an entry is no `/path=dialect`, or its dialect is not known.
    """
    by_name = {dialect.name: dialect for dialect in reversed(known)}
    owners: list[RouteOwner] = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        pattern, _, name = (part.strip() for part in entry.partition("="))
        if not pattern.startswith("/") or (name != _NOT_INFERENCE and name not in by_name):
            names = ", ".join(sorted((*by_name, _NOT_INFERENCE)))
            raise SettingsError("endpoints", text, f"a list of /path=dialect; the dialects are {names}")
        owners.append((Route(pattern), by_name.get(name)))
    return owners
