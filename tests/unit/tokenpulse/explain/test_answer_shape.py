"""Which protocol an answer speaks, by its shape."""

import orjson
import pytest

from tests.support.answers import chat_answer
from tests.support.kept_answers import ANTHROPIC, BEDROCK, COHERE, GEMINI, OLLAMA, OPENAI, RESPONSES
from tokenpulse.explain.answer_shape import DIALECT_NAMES, Place, place_of
from tokenpulse.explain.exchange import Exchange

COMPLETIONS = b'data: {"model":"m","choices":[{"text":"hi","finish_reason":"stop"}]}\n\n'
EMBEDDINGS = {"object": "list", "data": [{"embedding": [0.5]}], "model": "e", "usage": {"prompt_tokens": 3}}
BLOCKED = b'{"promptFeedback":{"blockReason":"SAFETY"}}'
ERROR = b'{"error":{"message":"no","type":"server_error"}}'


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (OPENAI, Place("/v1/chat/completions", "openai-chat")),
        (chat_answer(), Place("/v1/chat/completions", "openai-chat")),
        (COMPLETIONS, Place("/v1/completions", "openai-completions")),
        (orjson.dumps(EMBEDDINGS), Place("/v1/embeddings", "openai-embeddings")),
        (ANTHROPIC, Place("/v1/messages", "anthropic-messages")),
        (GEMINI, Place("/models/gemini-2.5-flash:streamGenerateContent", "gemini-generate")),
        (BLOCKED, Place("/models/unknown:generateContent", "gemini-generate")),
        (OLLAMA, Place("/api/chat", "ollama-chat")),
        (BEDROCK, Place("/model/unknown/converse-stream", "bedrock-converse")),
        (COHERE, Place("/v2/chat", "cohere-v2")),
        (RESPONSES, Place("/v1/responses", "openai-responses")),
    ],
)
def test_shapes(body: bytes, place: Place) -> None:
    """Every kind of answer is known by what it tells."""
    assert place_of(Exchange(body), None, None) == place


@pytest.mark.parametrize("body", [ERROR, b"hello", b'data: {"a":1}\n\n', b'{"model":"m"}', b""])
def test_shapes_that_tell_nothing(body: bytes) -> None:
    """An error that many protocols write alike, a model alone, or anything else names no protocol."""
    assert place_of(Exchange(body), None, None) is None


def test_long_streams_are_known_by_their_ends() -> None:
    """A stream is not read whole to know its shape."""
    first, rest = OPENAI.split(b"\n\n", 2)[1:]
    body = first + b"\n\n" + b'data: {"type":"message_stop"}\n\n' * 1_000 + rest

    assert place_of(Exchange(body), None, None) == Place("/v1/chat/completions", "openai-chat")


def test_named_dialects_are_taken_at_their_word() -> None:
    """A dialect that the user names needs no telling answer, only a path for its kind."""
    assert "cohere-rerank" in DIALECT_NAMES
    assert place_of(Exchange(ERROR), "anthropic-messages", None) == Place(
        "/v1/messages", "anthropic-messages"
    )
    assert place_of(Exchange(OPENAI), "openai-embeddings", None) is None
    assert place_of(Exchange(OPENAI), "gemini-embeddings", None) is None


def test_given_models_stand_in_the_path() -> None:
    """Where a path names the model, the user's comes before the answer's."""
    place = place_of(Exchange(GEMINI), None, "gemini-3-pro")

    assert place == Place("/models/gemini-3-pro:streamGenerateContent", "gemini-generate")
