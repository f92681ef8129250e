"""What Anthropic says at its own door or through Bedrock, whose own protocols are here too."""

from typing import Final

from tests.support.talk import Talk, chunks, named
from tests.support.talk_openai import CHAT
from tests.support.talk_vendors import COHERE_V1, COHERE_V2

_MODEL: Final = "quill-4"
_USAGE: Final = {
    "input_tokens": 21,
    "cache_creation_input_tokens": 30,
    "cache_read_input_tokens": 100,
    "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10},
    "output_tokens": 1,
    "service_tier": "standard",
}
_CALL: Final = {"type": "tool_use", "id": "toolu_1", "name": "write", "input": {}}
_ASKED: Final = {"model": _MODEL, "max_tokens": 9, "stream": True, "messages": []}
ANTHROPIC: Final = Talk(
    "/v1/messages",
    "sse",
    _ASKED,
    {
        "type": "message",
        "model": _MODEL,
        "content": [{"type": "thinking", "thinking": "Ink"}, {"type": "text", "text": "Ink dries."}, _CALL],
        "stop_reason": "end_turn",
        "usage": {**_USAGE, "output_tokens": 57},
    },
    named(
        {"type": "message_start", "message": {"model": _MODEL, "content": [], "usage": _USAGE}},
        {"type": "ping"},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Ink"}},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "signature_delta", "signature": "c2ln"},
        },
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Ink dries."}},
        {"type": "content_block_start", "index": 2, "content_block": _CALL},
        {"type": "content_block_delta", "index": 2, "delta": {"partial_json": '{"page":'}},
        {"type": "content_block_stop", "index": 2},
    ),
    named(
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 57, "output_tokens_details": {"thinking_tokens": 30}},
        },
        {"type": "message_stop"},
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
    ),
)
VERTEX: Final = ANTHROPIC._replace(path=f"/v1/publishers/anthropic/models/{_MODEL}:streamRawPredict")

_CONVERSE_USAGE: Final = {
    "inputTokens": 12,
    "outputTokens": 34,
    "totalTokens": 46,
    "cacheReadInputTokens": 5,
    "cacheWriteInputTokens": 7,
    "cacheDetails": [{"ttl": "1h", "inputTokens": 3}],
}
CONVERSE: Final = Talk(
    "/model/anthropic.quill-4/converse-stream",
    "aws",
    {"messages": [{"role": "user", "content": [{"text": "Ink?"}]}]},
    {
        "output": {"message": {"role": "assistant", "content": [{"text": "Ink."}]}},
        "stopReason": "end_turn",
        "usage": _CONVERSE_USAGE,
        "metrics": {"latencyMs": 900},
    },
    (
        (b"messageStart", {"role": "assistant"}),
        (b"contentBlockStart", {"contentBlockIndex": 1, "start": {"toolUse": {"name": "write"}}}),
        (b"contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "Ink"}}}),
        (b"contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Ink dries."}}),
        (b"contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": '{"page":'}}}),
        (b"contentBlockStop", {"contentBlockIndex": 1}),
    ),
    (
        (b"messageStop", {"stopReason": "end_turn"}),
        (b"metadata", {"usage": _CONVERSE_USAGE, "metrics": {"latencyMs": 900}}),
        (b"throttlingException", {"message": "Too many tokens"}),
        (b"modelStreamErrorException", {"message": "gone", "originalStatusCode": 500}),
    ),
)
_METRICS: Final = {
    "amazon-bedrock-invocationMetrics": {
        "inputTokenCount": 12,
        "outputTokenCount": 34,
        "invocationLatency": 900,
        "firstByteLatency": 100,
    }
}
_THROTTLED: Final = (b"throttlingException", {"message": "Too many tokens"})
_INVOKE_ASKED: Final = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": []}
INVOKE: Final = Talk(
    "/model/anthropic.quill-4/invoke-with-response-stream",
    "aws",
    _INVOKE_ASKED,
    ANTHROPIC.answer,
    (*chunks(*(body for _, body in ANTHROPIC.events)), (b"chunk", {"bytes": "no base64"})),
    (
        *chunks(*(body for _, body in ANTHROPIC.endings[:-1])),
        *chunks({"type": "message_stop", **_METRICS}),
        _THROTTLED,
    ),
)
INVOKE_OTHERS: Final = Talk(
    "/model/meta.loom/invoke-with-response-stream",
    "aws",
    {"prompt": "Ink?"},
    {"results": [{"outputText": "Ink.", "completionReason": "FINISH"}], "inputTextTokenCount": 4},
    chunks(
        *(body for _, body in (*COHERE_V1.events[:2], *COHERE_V2.events[1:3], CHAT.events[4])),
        {"generation": "Ink", "prompt_token_count": 12, "stop_reason": None},
        {"outputs": [{"text": "Ink", "stop_reason": None}]},
        {"outputText": "Ink", "index": 0, "completionReason": None},
    ),
    (
        *chunks({"outputText": "", "inputTextTokenCount": 4, "completionReason": "FINISH"}),
        *chunks({"completion": ".", "stop_reason": "end", "amazon-bedrock-guardrailAction": "INTERVENED"}),
        *chunks({"generation": "", "stop_reason": "stop", **_METRICS}),
        _THROTTLED,
    ),
)
INVOKE_WHOLE: Final = INVOKE._replace(
    path="/model/meta.loom/invoke",
    framing=None,
    answer={
        "generation": "Ink.",
        "prompt_token_count": 12,
        "generation_token_count": 3,
        "stop_reason": "stop",
    },
    events=(),
    endings=(),
)
BEDROCK_TALKS: Final = (ANTHROPIC, VERTEX, CONVERSE, INVOKE, INVOKE_OTHERS, INVOKE_WHOLE)
