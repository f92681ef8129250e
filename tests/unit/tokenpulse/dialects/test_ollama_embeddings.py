"""What Ollama's embeddings tell, by the newer and the older endpoint."""

import orjson

from tokenpulse.dialects.facts import AnswerFacts, RequestFacts, Usage
from tokenpulse.dialects.ollama_embeddings import OllamaEmbed, OllamaEmbeddings
from tokenpulse.requests.endpoints import Endpoints

EMBED = OllamaEmbed()
OLDER = OllamaEmbeddings()


def test_an_answer() -> None:
    """The newer endpoint counts its input; the older one tells nothing but the numbers."""
    body = {"model": "nomic-embed-text", "embeddings": [[0.1, 0.2]], "prompt_eval_count": 4}

    assert EMBED.answer(body, False) == AnswerFacts("nomic-embed-text", None, Usage(4))
    assert OLDER.answer({"embedding": [0.1, 0.2]}, False) == AnswerFacts()


def test_an_answer_too_long_to_keep() -> None:
    """Of a long answer both ends are enough."""
    data = orjson.dumps(
        {"model": "nomic-embed-text", "embeddings": [[0.5] * 100_000], "prompt_eval_count": 4}
    )
    body = EMBED.abridged(data[: 16 * 1024], data[-32 * 1024 :])

    assert body is not None
    assert EMBED.answer(body, False) == AnswerFacts("nomic-embed-text", None, Usage(4))


def test_requests_ask_for_no_stream() -> None:
    """Embeddings never stream."""
    assert EMBED.request({"model": "nomic-embed-text", "input": "a"}) == RequestFacts("nomic-embed-text")


def test_an_openai_request_on_the_older_path() -> None:
    """OpenAI-compatible servers use the older path too: their requests have `input`."""
    assert OLDER.for_request({"model": "m", "input": "a"}).name == "openai-embeddings"
    assert OLDER.for_request({"model": "m", "prompt": "a"}) is OLDER
    assert EMBED.for_request({"model": "m", "input": "a"}) is EMBED


def test_paths() -> None:
    """The older path is Ollama's before it is OpenAI's; a version before it makes it OpenAI's."""
    endpoints = Endpoints([EMBED, OLDER])
    found = [endpoints.find(path) for path in ("/api/embed", "/api/embeddings", "/api/v1/embeddings")]

    assert [endpoint.dialect.name for endpoint in found if endpoint is not None] == [
        "ollama-embed",
        "ollama-embeddings",
        "openai-embeddings",
    ]
