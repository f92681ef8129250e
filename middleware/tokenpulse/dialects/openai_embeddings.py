"""OpenAI embeddings: usage counts input alone, nothing streams."""

from tokenpulse.dialects.openai_chat import OpenAIChat


class OpenAIEmbeddings(OpenAIChat):
    """Read embeddings."""

    name = "openai-embeddings"
    operation = "embeddings"
