"""Gemini embeddings: nothing streams; newer models count their input."""

from tokenpulse.dialects.base import Route
from tokenpulse.dialects.gemini import GeminiGenerate


class GeminiEmbeddings(GeminiGenerate):
    """Read embedContent and batchEmbedContents."""

    name = "gemini-embeddings"
    operation = "embeddings"
    routes = (
        Route("/models/{model}:embedContent", is_stream=False),
        Route("/models/{model}:batchEmbedContents", is_stream=False),
    )
