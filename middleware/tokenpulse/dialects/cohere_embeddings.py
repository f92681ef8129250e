"""Cohere embeddings: nothing streams; what is billed is the only count."""

from tokenpulse.dialects.base import Route
from tokenpulse.dialects.cohere_usage import read_usage
from tokenpulse.dialects.cohere_v2 import CohereV2
from tokenpulse.dialects.error_body import read_error
from tokenpulse.dialects.facts import AnswerFacts, JsonObject


class CohereEmbeddings(CohereV2):
    """Read `/v1/embed` and `/v2/embed`."""

    name = "cohere-embeddings"
    operation = "embeddings"
    routes = (Route("/v1/embed", is_stream=False), Route("/v2/embed", is_stream=False))
    cut_keys = ("meta",)

    def answer(self, body: JsonObject, is_failure: bool) -> AnswerFacts:
        """Return what a JSON answer says; it names no model."""
        return AnswerFacts(usage=read_usage(body.get("meta")), error=read_error(body, is_failure))
