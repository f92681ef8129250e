"""What OpenAI-shaped embeddings mean."""

import orjson

from tokenpulse.dialects.facts import Usage
from tokenpulse.dialects.openai_embeddings import OpenAIEmbeddings

EMBEDDINGS = OpenAIEmbeddings()
ANSWER = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.25] * 50_000}],
    "model": "m",
    "usage": {"prompt_tokens": 9, "total_tokens": 9},
}


def test_an_answer() -> None:
    """Embeddings use input alone."""
    assert EMBEDDINGS.answer(ANSWER, is_failure=False) == ("m", None, Usage(9), None)


def test_the_ends_of_a_long_answer() -> None:
    """Model and usage stand after the vectors."""
    body = orjson.dumps(ANSWER)

    assert EMBEDDINGS.abridged(body[:1000], body[-1000:]) == {
        "model": "m",
        "usage": {"prompt_tokens": 9, "total_tokens": 9},
    }
