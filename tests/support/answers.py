"""Bodies that an OpenAI-shaped server would send, written for the tests."""

from typing import Any

import orjson


def chat_request(model: Any = "openai/gpt-4o", **extra: Any) -> bytes:
    """Return a chat request's body."""
    return orjson.dumps({"model": model, "messages": [{"role": "user", "content": "say it"}], **extra})


def chat_answer(**extra: Any) -> bytes:
    """Return a whole chat answer: 12 tokens in (4 cached), 7 out (2 of them reasoning)."""
    return orjson.dumps(
        {
            "id": "c-1",
            "object": "chat.completion",
            "model": "gpt-4o-2024-11-20",
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": "done"}, "finish_reason": "stop"}
            ],
            "usage": {
                "prompt_tokens": 12,
                "completion_tokens": 7,
                "total_tokens": 19,
                "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens_details": {"reasoning_tokens": 2},
            },
            **extra,
        }
    )


def event(body: Any) -> bytes:
    """Return one event of a stream."""
    return b"data: " + orjson.dumps(body) + b"\n\n"


def delta(finish: str | None = None, index: int = 0, **fields: Any) -> bytes:
    """Return a chunk with one choice."""
    choice = {"index": index, "delta": fields, "finish_reason": finish}
    return event({"id": "c-2", "object": "chat.completion.chunk", "model": "m-2025", "choices": [choice]})


def usage_chunk(prompt: int = 5, completion: int = 4, **extra: Any) -> bytes:
    """Return the chunk without choices that closes a stream with its usage."""
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return event({"id": "c-2", "model": "m-2025", "choices": [], "usage": {**usage, **extra}})


DONE = b"data: [DONE]\n\n"


def short_stream() -> list[bytes]:
    """Return a stream: role, reasoning, two texts, finish, usage (5 in, 4 out), end."""
    return [
        delta(role="assistant", content=""),
        delta(reasoning_content="hm"),
        delta(content="é"),
        delta(content=" ja"),
        delta("stop"),
        usage_chunk(),
        DONE,
    ]
