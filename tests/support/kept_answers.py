"""Small answers of every framing, written for the tests, as somebody might have kept them."""

from typing import Any, Final

import orjson

from tests.support.answers import chat_answer, short_stream
from tests.support.aws_messages import event_message


def _sse(*bodies: dict[str, Any]) -> bytes:
    """Return a stream whose events carry their type as their name, too, as Anthropic's do."""
    return b"".join(
        b"event: %b\ndata: %b\n\n" % (body["type"].encode(), orjson.dumps(body)) for body in bodies
    )


def _lines(*bodies: dict[str, Any]) -> bytes:
    return b"".join(orjson.dumps(body) + b"\n" for body in bodies)


OPENAI: Final = b": queued\n\n" + b"".join(short_stream())
"""Role, reasoning, two texts, finish, usage (5 in, 4 out), end; a comment before."""

OPENAI_JSON: Final = chat_answer()

ANTHROPIC: Final = _sse(
    {
        "type": "message_start",
        "message": {
            "model": "claude-haiku-4-5",
            "usage": {"input_tokens": 9, "cache_read_input_tokens": 40, "output_tokens": 1},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "well"}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Good"}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": " day"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 12}},
    {"type": "message_stop"},
)

GEMINI: Final = orjson.dumps(
    [
        {
            "candidates": [{"content": {"parts": [{"text": "Good"}]}}],
            "usageMetadata": {"promptTokenCount": 6, "candidatesTokenCount": 1},
            "modelVersion": "gemini-2.5-flash",
        },
        {
            "candidates": [{"content": {"parts": [{"text": " day"}]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 6, "candidatesTokenCount": 3, "thoughtsTokenCount": 5},
            "modelVersion": "gemini-2.5-flash",
        },
    ],
    option=orjson.OPT_INDENT_2,
)

OLLAMA: Final = _lines(
    {"model": "llama3.2", "message": {"role": "assistant", "content": "Good"}, "done": False},
    {"model": "llama3.2", "message": {"role": "assistant", "content": " day"}, "done": False},
    {
        "model": "llama3.2",
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 7,
        "eval_count": 2,
    },
)

BEDROCK_MESSAGES: Final = (
    event_message(b"messageStart", {"role": "assistant"}),
    event_message(b"contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Good"}}),
    event_message(b"messageStop", {"stopReason": "end_turn"}),
    event_message(b"metadata", {"usage": {"inputTokens": 4, "outputTokens": 2, "totalTokens": 6}}),
)
BEDROCK: Final = b"".join(BEDROCK_MESSAGES)

COHERE: Final = _sse(
    {"type": "message-start", "id": "c", "delta": {"message": {"role": "assistant"}}},
    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Good"}}}},
    {
        "type": "message-end",
        "delta": {
            "finish_reason": "COMPLETE",
            "usage": {
                "billed_units": {"input_tokens": 3, "output_tokens": 1},
                "tokens": {"input_tokens": 60, "output_tokens": 2},
            },
        },
    },
)

RESPONSES: Final = _sse(
    {"type": "response.created", "response": {"model": "gpt-4o-2024-11-20", "status": "in_progress"}},
    {"type": "response.output_text.delta", "delta": "Good"},
    {"type": "response.output_text.delta", "delta": " day"},
    {"type": "response.output_text.done", "text": "Good day"},
    {
        "type": "response.completed",
        "response": {
            "model": "gpt-4o-2024-11-20",
            "status": "completed",
            "usage": {"input_tokens": 8, "output_tokens": 3, "total_tokens": 11},
        },
    },
)

RECORDED: Final[dict[str, Any]] = {
    "request": {
        "method": "POST",
        "path": "/v1/chat/completions?key=1",
        "headers": {"Content-Type": "application/json"},
        "body": {"model": "openai/gpt-4o", "stream": True},
    },
    "response": {
        "status": 200,
        "headers": {"Content-Type": "text/event-stream"},
        "body_text": OPENAI.decode(),
    },
    "id": "an extra key",
}

CURL: Final = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Empty:\r\n\r\n"
    + OPENAI
)


def har(*entries: tuple[str, str, bytes]) -> bytes:
    """Return a HAR file of (method, URL, body of the response) entries."""
    return orjson.dumps(
        {
            "log": {
                "entries": [
                    {
                        "request": {"method": method, "url": url, "headers": [{"name": "A", "value": "b"}]},
                        "response": {
                            "status": 200,
                            "headers": [{"name": "Content-Encoding", "value": "br"}],
                            "content": {"text": body.decode()},
                        },
                    }
                    for method, url, body in entries
                ]
            }
        }
    )
