"""Properties of the dialects of Gemini, Ollama, Cohere: no JSON breaks them, no number escapes its bounds."""

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenpulse.dialects.base import Dialect
from tokenpulse.dialects.cohere_embeddings import CohereEmbeddings
from tokenpulse.dialects.cohere_rerank import CohereRerank
from tokenpulse.dialects.cohere_v1 import CohereV1
from tokenpulse.dialects.cohere_v2 import CohereV2
from tokenpulse.dialects.facts import Usage
from tokenpulse.dialects.gemini import GeminiGenerate
from tokenpulse.dialects.gemini_embeddings import GeminiEmbeddings
from tokenpulse.dialects.ollama import OllamaChat, OllamaGenerate
from tokenpulse.dialects.ollama_embeddings import OllamaEmbed, OllamaEmbeddings
from tokenpulse_shared.counters import MAX_COUNT

DIALECTS: tuple[Dialect, ...] = (
    *(
        GeminiGenerate(),
        GeminiEmbeddings(),
        OllamaChat(),
        OllamaGenerate(),
        OllamaEmbed(),
        OllamaEmbeddings(),
    ),
    *(CohereV1(), CohereV2(), CohereEmbeddings(), CohereRerank()),
)
WORDS = (
    *(
        "candidates",
        "content",
        "parts",
        "text",
        "thought",
        "functionCall",
        "args",
        "partialArgs",
        "inlineData",
    ),
    *(
        "data",
        "executableCode",
        "finishReason",
        "finish_reason",
        "index",
        "usageMetadata",
        "promptTokenCount",
    ),
    *("candidatesTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount", "totalTokenCount", "response"),
    *(
        "promptTokensDetails",
        "modality",
        "tokenCount",
        "promptFeedback",
        "blockReason",
        "modelVersion",
        "error",
    ),
    *(
        "generationConfig",
        "candidateCount",
        "request",
        "model",
        "stream",
        "message",
        "thinking",
        "tool_calls",
    ),
    *("function", "name", "arguments", "done", "done_reason", "prompt_eval_count", "eval_count", "type"),
    *(
        "delta",
        "tool_plan",
        "usage",
        "tokens",
        "billed_units",
        "input_tokens",
        "output_tokens",
        "cached_tokens",
    ),
    *(
        "event_type",
        "tool_call_delta",
        "parameters",
        "is_finished",
        "generations",
        "meta",
        "err",
        "error_type",
    ),
    *("num_generations", "messages", "prompt", "input", "prompt_token_count", "total_token_count"),
)
VALUES = (
    "message-end",
    "stream-end",
    "stream-error",
    "text-generation",
    "tool-calls-chunk",
    "ERROR",
    "AUDIO",
    "",
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.sampled_from(VALUES)
    | st.text(max_size=4)
)
KEYS = st.sampled_from(WORDS)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)
BODIES = st.dictionaries(KEYS, JSON, max_size=8)


def assert_bounded(usage: Usage | None) -> None:
    if usage is not None:
        assert all(count is None or 0 <= count <= MAX_COUNT for count in usage[:5])


@given(body=BODIES, name=st.sampled_from((b"", b"error", b"content-delta")), is_failure=st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_body_is_read(body: dict[str, Any], name: bytes, is_failure: bool) -> None:
    """Whatever a body holds, it is read: texts are texts, counts are counts."""
    for dialect in DIALECTS:
        reader = dialect.for_request(body)
        told = dialect.event(name, body)
        answer = dialect.answer(body, is_failure)
        asked = dialect.request(body)

        assert reader.name
        assert_bounded(told.usage)
        assert_bounded(answer.usage)
        assert all(type(index) is int and isinstance(reason, str) for index, reason in told.finishes)
        assert answer.finish_reason is None or isinstance(answer.finish_reason, str)
        assert answer.model is None or isinstance(answer.model, str)
        assert asked.model is None or isinstance(asked.model, str)
        assert type(asked.choices) is int
        assert isinstance(dialect.text(body), str)


@given(
    body=BODIES, head_bytes=st.integers(0, 400), tail_bytes=st.integers(0, 400), noise=st.binary(max_size=8)
)
@settings(max_examples=200, deadline=None)
def test_any_ends_are_read(body: dict[str, Any], head_bytes: int, tail_bytes: int, noise: bytes) -> None:
    """The ends of a body, cut anywhere, are read as well."""
    data = orjson.dumps(body) + noise
    for dialect in DIALECTS:
        kept = dialect.abridged(data[:head_bytes], data[max(0, len(data) - tail_bytes) :])

        assert kept is not None
        assert_bounded(dialect.event(b"", kept).usage)
        assert_bounded(dialect.answer(kept, False).usage)
        assert isinstance(dialect.text(kept), str)
