"""Cohere's rerank: it bills searches, not tokens."""

from tokenpulse.dialects.base import Route
from tokenpulse.dialects.cohere_embeddings import CohereEmbeddings


class CohereRerank(CohereEmbeddings):
    """Read `/v1/rerank` and `/v2/rerank`; a usage is known only where `meta` counts tokens."""

    name = "cohere-rerank"
    operation = "rerank"
    routes = (Route("/v1/rerank", is_stream=False), Route("/v2/rerank", is_stream=False))
