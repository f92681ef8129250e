"""Ollama embeddings: nothing streams; only the newer endpoint counts its input."""

from typing import Final

from tokenpulse.dialects.base import Dialect, Route
from tokenpulse.dialects.facts import JsonObject, RequestFacts
from tokenpulse.dialects.ollama import OllamaChat
from tokenpulse.dialects.openai_embeddings import OpenAIEmbeddings

_OPENAI: Final = OpenAIEmbeddings()


class OllamaEmbed(OllamaChat):
    """Read `/api/embed`."""

    name = "ollama-embed"
    operation = "embeddings"
    routes = (Route("/api/embed", is_stream=False),)
    cut_keys = ("model", "prompt_eval_count", "error")

    def request(self, body: JsonObject) -> RequestFacts:
        """Return the model; there is no stream to ask for."""
        return super().request(body)._replace(is_streaming=None)


class OllamaEmbeddings(OllamaEmbed):
    """Read the older `/api/embeddings`, a path that OpenAI-compatible servers use as well."""

    name = "ollama-embeddings"
    routes = (Route("/api/embeddings", is_stream=False),)

    def for_request(self, body: JsonObject) -> Dialect:
        """Return OpenAI's dialect for its `input`: Ollama's older endpoint asks with `prompt`."""
        return _OPENAI if "input" in body and "prompt" not in body else self
