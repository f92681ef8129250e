"""What Cohere's embeddings and reranks tell."""

import orjson

from tokenpulse.dialects.cohere_embeddings import CohereEmbeddings
from tokenpulse.dialects.cohere_rerank import CohereRerank
from tokenpulse.dialects.facts import AnswerFacts, ErrorFacts, Usage
from tokenpulse.requests.endpoints import Endpoints

EMBEDDINGS = CohereEmbeddings()
RERANK = CohereRerank()
META = {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 5}}


def test_embeddings() -> None:
    """Embeddings are billed by input tokens, stated in `meta`."""
    assert EMBEDDINGS.answer({"id": "i", "embeddings": [[0.1]], "meta": META}, False) == AnswerFacts(
        usage=Usage(5, billed_input=5)
    )
    assert EMBEDDINGS.answer({"message": "model 'gone' not found"}, True) == AnswerFacts(
        error=ErrorFacts(message="model 'gone' not found")
    )


def test_embeddings_too_long_to_keep() -> None:
    """Of a long answer its end is enough."""
    data = orjson.dumps({"id": "i", "embeddings": {"float": [[0.5] * 100_000]}, "meta": META})
    body = EMBEDDINGS.abridged(data[: 16 * 1024], data[-32 * 1024 :])

    assert body is not None
    assert EMBEDDINGS.answer(body, False) == AnswerFacts(usage=Usage(5, billed_input=5))


def test_rerank() -> None:
    """Searches are no tokens."""
    body = {"id": "i", "results": [{"index": 0}], "meta": {"billed_units": {"search_units": 1}}}

    assert RERANK.answer(body, False) == AnswerFacts()


def test_paths() -> None:
    """Both versions of both endpoints are known."""
    endpoints = Endpoints([EMBEDDINGS, RERANK])
    found = [endpoints.find(path) for path in ("/v1/embed", "/v2/embed", "/v1/rerank", "/proxy/v2/rerank")]

    assert [(endpoint.operation, endpoint.is_stream) for endpoint in found if endpoint is not None] == [
        ("embeddings", False),
        ("embeddings", False),
        ("rerank", False),
        ("rerank", False),
    ]
