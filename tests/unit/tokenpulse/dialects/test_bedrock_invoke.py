"""What InvokeModel's bodies mean: each model's own protocol, what Bedrock counted, guardrails, exceptions."""

from base64 import b64encode
from typing import Any

import orjson
import pytest

from tests.support.dialect_events import read_events
from tokenpulse.dialects.bedrock_invoke import BedrockInvoke
from tokenpulse.dialects.facts import (
    NO_FACTS,
    AnswerFacts,
    Content,
    ErrorFacts,
    EventFacts,
    RequestFacts,
    Usage,
)
from tokenpulse.reading.stream_facts import StreamFacts
from tokenpulse.requests.endpoints import Endpoints

INVOKE = BedrockInvoke()
METRICS = "amazon-bedrock-invocationMetrics"
GUARDRAIL = "amazon-bedrock-guardrailAction"


def chunk(native: Any) -> dict[str, str]:
    return {"bytes": b64encode(orjson.dumps(native)).decode(), "p": "abc"}


def read_chunks(*natives: Any) -> StreamFacts:
    return read_events(INVOKE, *map(chunk, natives))


COUNTED = {"inputTokenCount": 7, "outputTokenCount": 3, "invocationLatency": 900, "firstByteLatency": 90}
STREAMS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "anthropic": (
        [
            {
                "type": "message_start",
                "message": {"model": "claude-x", "usage": {"input_tokens": 7, "output_tokens": 1}},
            },
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Noon"}},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn"},
                "usage": {"output_tokens": 4},
            },
            {"type": "message_stop", METRICS: COUNTED},
        ],
        "end_turn",
    ),
    "anthropic's text completions": (
        [
            {"type": "completion", "completion": "", "stop_reason": None, "stop": None},
            {"type": "completion", "completion": "Noon", "stop_reason": None, "stop": None},
            {"type": "completion", "completion": "", "stop_reason": "stop_sequence", METRICS: COUNTED},
        ],
        "stop_sequence",
    ),
    "cohere's chat": (
        [
            {"event_type": "stream-start", "is_finished": False},
            {"event_type": "text-generation", "is_finished": False, "text": "Noon"},
            {
                "event_type": "stream-end",
                "is_finished": True,
                "finish_reason": "COMPLETE",
                METRICS: COUNTED,
            },
        ],
        "COMPLETE",
    ),
    "llama": (
        [
            {"generation": "", "prompt_token_count": 7, "generation_token_count": 1, "stop_reason": None},
            {"generation": "Noon", "prompt_token_count": None, "generation_token_count": 2},
            {
                "generation": "",
                "prompt_token_count": None,
                "generation_token_count": 3,
                "stop_reason": "stop",
                METRICS: COUNTED,
            },
        ],
        "stop",
    ),
    "mistral's text": (
        [
            {"outputs": [{"text": "", "stop_reason": None}]},
            {"outputs": [{"text": "Noon", "stop_reason": None}]},
            {"outputs": [{"text": "", "stop_reason": "stop"}], METRICS: COUNTED},
        ],
        "stop",
    ),
    "mistral's chat": (
        [
            {"choices": [{"index": 0, "message": {"role": "assistant", "content": ""}, "stop_reason": None}]},
            {"choices": [{"index": 0, "message": {"content": "Noon"}, "stop_reason": None}]},
            {"choices": [{"index": 0, "message": {"content": ""}, "stop_reason": "stop"}], METRICS: COUNTED},
        ],
        "stop",
    ),
    "openai's shape": (
        [
            {"model": "m", "choices": [{"index": 0, "delta": {"role": "assistant"}}]},
            {"model": "m", "choices": [{"index": 0, "delta": {"content": "Noon"}}]},
            {
                "model": "m",
                "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
                METRICS: COUNTED,
            },
        ],
        "stop",
    ),
    "nova": (
        [
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"delta": {"text": "Noon"}, "contentBlockIndex": 0}},
            {"messageStop": {"stopReason": "end_turn"}},
            {"metadata": {"usage": {"inputTokens": 7, "outputTokens": 3}, "trace": {}}, METRICS: COUNTED},
        ],
        "end_turn",
    ),
}


@pytest.mark.parametrize("vendor", STREAMS)
def test_streams(vendor: str) -> None:
    """Whatever the vendor's protocol: the content's place, the finish reason, Bedrock's own counts."""
    natives, reason = STREAMS[vendor]
    facts = read_chunks(*natives)

    assert (facts.first_content_at, facts.first_visible_at, facts.last_content_at) == (1.0, 1.0, 1.0)
    assert (facts.finishes, facts.is_terminated, facts.error) == ({0: reason}, True, None)
    assert facts.usage is not None
    assert (facts.usage.tokens_input, facts.usage.tokens_output) == (7, 3)
    assert facts.usage.normalised().tokens_input == 7


def test_titan_streams_its_answer_at_once() -> None:
    """One event is first content and end."""
    facts = read_chunks(
        {
            "outputText": "Noon",
            "index": 0,
            "totalOutputTextTokenCount": 3,
            "completionReason": "FINISH",
            "inputTextTokenCount": 7,
        }
    )

    assert (facts.first_visible_at, facts.finishes) == (0.0, {0: "FINISH"})
    assert facts.usage == Usage(7, 3, is_whole=True)


def test_metrics_go_before_the_models_own_counts() -> None:
    """AWS bills what it counted; what it did not count stays what the model said."""
    facts = read_chunks(
        {
            "type": "message_start",
            "message": {"usage": {"input_tokens": 9, "cache_read_input_tokens": 40, "output_tokens": 1}},
        },
        {"type": "message_delta", "usage": {"output_tokens": 8}, "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop", METRICS: {**COUNTED, "cacheWriteInputTokenCount": 20}},
    )

    assert facts.usage is not None
    usage = facts.usage.normalised()
    assert (usage.tokens_input, usage.tokens_output) == (67, 3)
    assert (usage.tokens_cached, usage.tokens_cache_write) == (40, 20)


def test_metrics_beside_openais_usage() -> None:
    """OpenAI's input holds what a cache read: it is not added once more."""
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}
    facts = read_chunks({"choices": [], "usage": usage, METRICS: COUNTED})

    assert facts.usage is not None
    assert facts.usage.normalised().tokens_input == 7
    assert facts.usage.tokens_cached == 4


@pytest.mark.parametrize("metrics", [None, "odd", {}, {"invocationLatency": 900}])
def test_metrics_that_count_nothing(metrics: Any) -> None:
    """The stream is at its end, and its counts are the model's."""
    told = INVOKE.event(b"chunk", chunk({"generation": "", "generation_token_count": 3, METRICS: metrics}))

    assert told == EventFacts(usage=Usage(tokens_output=3), is_terminal=True)


def test_a_guardrail_ends_a_stream() -> None:
    """It answers in the model's place: without finish reason, without metrics, with counts like 6.0."""
    told = INVOKE.event(
        b"chunk",
        chunk(
            {
                "outputText": "Blocked.",
                "totalOutputTextTokenCount": 3.0,
                "inputTextTokenCount": 6.0,
                GUARDRAIL: "INTERVENED",
            }
        ),
    )

    assert told == EventFacts(
        Content.VISIBLE, Usage(6, 3, is_whole=True), ((0, "INTERVENED"),), is_terminal=True
    )


def test_a_guardrail_that_lets_pass() -> None:
    """Its word beside a model's own is no finish; an intervention keeps the model's reason."""
    passed = INVOKE.event(b"chunk", chunk({"generation": "a", GUARDRAIL: "NONE"}))
    masked = INVOKE.event(
        b"chunk", chunk({"generation": "a", "stop_reason": "stop", GUARDRAIL: "INTERVENED"})
    )

    assert passed == EventFacts(Content.VISIBLE)
    assert masked.finishes == ((0, "stop"),)


@pytest.mark.parametrize(
    "body",
    [
        {"bytes": "%%%"},
        {"bytes": "café"},
        {"bytes": b64encode(b"{oops").decode()},
        {"bytes": b64encode(b"\xff").decode()},
        chunk([1]),
        chunk({}),
        chunk({"trace": {"guardrail": {}}}),
        {"bytes": 7},
        {},
    ],
)
def test_chunks_that_say_nothing(body: dict[str, Any]) -> None:
    """What cannot be decoded, or is of no shape known, tells nothing."""
    assert INVOKE.event(b"chunk", body) == NO_FACTS
    assert INVOKE.text(body) == ""


def test_events_a_gateway_has_decoded() -> None:
    """The model's own JSON is read where it is not wrapped."""
    body = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Noon"}}

    assert INVOKE.event(b"", body) == EventFacts(Content.VISIBLE)


@pytest.mark.parametrize(
    ("name", "body", "error"),
    [
        (
            b"error",
            {"error": {"type": "modelTimeoutException", "message": "Too slow."}},
            ErrorFacts("modelTimeoutException", None, "Too slow."),
        ),
        (
            b"chunk",
            chunk({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
            ErrorFacts("overloaded_error", None, "Overloaded"),
        ),
        (b"chunk", chunk({"error": {"message": "m", "type": "t"}}), ErrorFacts("t", None, "m")),
    ],
)
def test_errors_within_a_stream(name: bytes, body: dict[str, Any], error: ErrorFacts) -> None:
    """AWS's exceptions and the model's own errors both count."""
    assert INVOKE.event(name, body) == EventFacts(error=error)


ANTHROPIC_USAGE = Usage(tokens_input=7, tokens_output=3, input_lacks_cache=True, is_whole=True)


@pytest.mark.parametrize(
    ("body", "facts", "text"),
    [
        (
            {
                "type": "message",
                "model": "claude-x",
                "content": [{"type": "text", "text": "Noon"}],
                "stop_reason": "end_turn",
                "usage": {"input_tokens": 7, "output_tokens": 3},
            },
            AnswerFacts("claude-x", "end_turn", ANTHROPIC_USAGE),
            "Noon",
        ),
        (
            {"completion": "Noon", "stop_reason": "stop_sequence"},
            AnswerFacts(None, "stop_sequence"),
            "Noon",
        ),
        (
            {"generation_id": "g", "text": "Noon", "chat_history": [], "finish_reason": "COMPLETE"},
            AnswerFacts(None, "COMPLETE"),
            "Noon",
        ),
        (
            {"generations": [{"text": "Noon", "finish_reason": "COMPLETE"}]},
            AnswerFacts(None, "COMPLETE"),
            "Noon",
        ),
        (
            {
                "id": "r",
                "message": {"role": "assistant", "content": [{"type": "text", "text": "Noon"}]},
                "finish_reason": "COMPLETE",
            },
            AnswerFacts(None, "COMPLETE"),
            "Noon",
        ),
        (
            {
                "generation": "Noon",
                "prompt_token_count": 7,
                "generation_token_count": 3,
                "stop_reason": "stop",
            },
            AnswerFacts(None, "stop", Usage(7, 3, is_whole=True)),
            "Noon",
        ),
        ({"outputs": [{"text": "Noon", "stop_reason": "stop"}]}, AnswerFacts(None, "stop"), "Noon"),
        (
            {"choices": [{"message": {"content": "Noon"}, "stop_reason": "stop"}]},
            AnswerFacts(None, "stop"),
            "Noon",
        ),
        (
            {
                "model": "m",
                "choices": [{"index": 0, "text": "Noon", "finish_reason": "length"}],
                "usage": {"prompt_tokens": 7, "completion_tokens": 3},
            },
            AnswerFacts("m", "length", Usage(7, 3, is_whole=True)),
            "Noon",
        ),
        ({"choices": [{"index": 0}]}, AnswerFacts(), ""),
        (
            {
                "inputTextTokenCount": 7,
                "results": [{"tokenCount": 3, "outputText": "Noon", "completionReason": "FINISH"}],
            },
            AnswerFacts(None, "FINISH", Usage(7, 3, is_whole=True)),
            "Noon",
        ),
        (
            {"inputTextTokenCount": 28.0, "results": [{"tokenCount": 3.5}], GUARDRAIL: "INTERVENED"},
            AnswerFacts(None, "INTERVENED", Usage(tokens_input=28, has_rejected=True)),
            "",
        ),
        ({"inputTextTokenCount": 7, "results": "odd"}, AnswerFacts(None, None, Usage(tokens_input=7)), ""),
        ({"outputs": [7]}, AnswerFacts(), ""),
        (
            {"embedding": [0.5], "inputTextTokenCount": 7},
            AnswerFacts(None, None, Usage(tokens_input=7)),
            "",
        ),
        (
            {
                "output": {"message": {"content": [{"text": "Noon"}]}},
                "stopReason": "end_turn",
                "usage": {"inputTokens": 7.0, "outputTokens": 3.0},
            },
            AnswerFacts(None, "end_turn", ANTHROPIC_USAGE),
            "Noon",
        ),
        ({"embeddings": [[0.5]], "texts": ["a"]}, AnswerFacts(), ""),
    ],
)
def test_answers(body: dict[str, Any], facts: AnswerFacts, text: str) -> None:
    """Whatever the vendor's protocol: model, finish reason, usage where it has them, text."""
    assert INVOKE.answer(body, False) == facts
    assert INVOKE.text(body) == text


@pytest.mark.parametrize(
    ("body", "is_failure", "error"),
    [
        ({"message": "Not known."}, True, ErrorFacts(message="Not known.")),
        ({"__type": "a#UnknownOperationException"}, False, ErrorFacts("UnknownOperationException")),
    ],
)
def test_failures(body: dict[str, Any], is_failure: bool, error: ErrorFacts) -> None:
    """A failure is AWS's, whatever the model."""
    assert INVOKE.answer(body, is_failure) == AnswerFacts(error=error)


def test_headers() -> None:
    """Headers count an answer's tokens and name a failure's type."""
    headers = [
        (b"x-amzn-bedrock-input-token-count", b"7"),
        (b"x-amzn-bedrock-output-token-count", b"3"),
        (b"x-amzn-errortype", b"ThrottlingException:http://a/"),
    ]

    assert INVOKE.header_usage(headers) == ANTHROPIC_USAGE
    assert INVOKE.header_error(headers) == "ThrottlingException"


@pytest.mark.parametrize(
    ("path", "model", "is_stream"),
    [
        ("/model/meta.llama-v1:0/invoke", "meta.llama-v1:0", False),
        ("/gateway/model/meta.llama-v1:0/invoke-with-response-stream", "meta.llama-v1:0", True),
    ],
)
def test_paths(path: str, model: str, is_stream: bool) -> None:
    """The path tells the model and whether the answer streams."""
    endpoint = Endpoints([INVOKE]).find(path)

    assert endpoint is not None
    assert (endpoint.dialect, endpoint.path_model, endpoint.is_stream) == (INVOKE, model, is_stream)


def test_a_chain_is_not_invoked() -> None:
    """Other servers end their paths in `/invoke` too."""
    assert Endpoints([INVOKE]).find("/chain/invoke") is None


def test_requests() -> None:
    """A body seldom names a model: the path does."""
    assert INVOKE.request({"prompt": "When is noon?", "max_gen_len": 10}) == RequestFacts()


def test_bodies_too_long_to_keep() -> None:
    """A long answer tells what stands at its ends; a long chunk tells nothing."""
    body = INVOKE.abridged(b'{"embedding":[0.5,0.25', b'0.125],"inputTextTokenCount":7}')

    assert body is not None
    assert INVOKE.answer(body, False) == AnswerFacts(None, None, Usage(tokens_input=7))
    assert INVOKE.abridged(b'{"bytes":"eyJ0', b'fQ==","p":"abc"}') is None
