"""OpenAI embeddings: usage counts input alone, nothing streams."""

from tokenpulse.dialects.base import JsonDialect, Route
from tokenpulse.dialects.facts import JsonObject
from tokenpulse.dialects.openai_chat import OpenAIChat


class OpenAIEmbeddings(OpenAIChat):
    """Read embeddings."""

    name = "openai-embeddings"
    operation = "embeddings"
    routes = (
        Route("/deployments/{model}/embeddings", label="/v1/embeddings"),
        Route("/embeddings", label="/v1/embeddings"),
    )
    cut_keys = ("model", "usage", "error")

    def abridged(self, head: bytes, tail: bytes) -> JsonObject | None:
        """Return what stands beside the vectors: looking for it costs less than reading the ends of them."""
        return JsonDialect.abridged(self, head, tail)
