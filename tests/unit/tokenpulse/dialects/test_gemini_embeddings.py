"""What Gemini's embeddings tell."""

from tokenpulse.dialects.facts import AnswerFacts, Usage
from tokenpulse.dialects.gemini_embeddings import GeminiEmbeddings
from tokenpulse.requests.endpoints import Endpoints

EMBEDDINGS = GeminiEmbeddings()


def test_an_answer() -> None:
    """Newer models count their input, older ones nothing."""
    counted = {"embedding": {"values": [0.1, 0.2]}, "usageMetadata": {"promptTokenCount": 4}}

    assert EMBEDDINGS.answer(counted, False) == AnswerFacts(usage=Usage(4, output_lacks_reasoning=True))
    assert EMBEDDINGS.answer({"embeddings": [{"values": [0.1]}]}, False) == AnswerFacts()


def test_paths() -> None:
    """One text or a batch: the path names the model, nothing streams."""
    for path in ("/v1beta/models/embed-1:embedContent", "/v1beta/models/embed-1:batchEmbedContents"):
        endpoint = Endpoints([EMBEDDINGS]).find(path)

        assert endpoint is not None
        assert (endpoint.operation, endpoint.path_model, endpoint.is_stream) == (
            "embeddings",
            "embed-1",
            False,
        )
