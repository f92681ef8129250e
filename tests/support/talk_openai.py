"""What OpenAI's API says, or a server that is compatible with it."""

from typing import Any, Final

from tests.support.talk import Talk, named, unnamed

_MODEL: Final = "loom-4-mini"
_DONE: Final = b"[DONE]"
_USAGE: Final = {
    "prompt_tokens": 31,
    "completion_tokens": 12,
    "total_tokens": 43,
    "prompt_tokens_details": {"cached_tokens": 16, "cache_write_tokens": 4, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 5, "audio_tokens": 0},
    "cost": 0.00021,
}
_MESSAGES: Final = [{"role": "user", "content": "Name a star."}]
_CALL: Final = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at":"sky"}'}}
_ERROR: Final = {"message": "no room left", "type": "server_error", "param": None, "code": 503}


def _chunk(delta: Any, finish: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {"id": "c-9", "object": "chat.completion.chunk", "model": _MODEL, "choices": [choice], **more}


def _part(kind: str, text: str) -> dict[str, Any]:
    return {"type": kind, kind: [{"type": "text", "text": text}] if kind == "thinking" else text}


CHAT: Final = Talk(
    "/openai/v1/chat/completions",
    "sse",
    {"model": f"openai/{_MODEL}", "stream": True, "n": 2, "messages": _MESSAGES},
    {
        "id": "c-8",
        "object": "chat.completion",
        "model": _MODEL,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Vega."}, "finish_reason": "stop"},
            {"index": 1, "message": {"refusal": "No.", "tool_calls": [_CALL]}, "finish_reason": "tool_calls"},
        ],
        "usage": _USAGE,
    },
    unnamed(
        {"id": "", "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]},
        _chunk({"role": "assistant", "content": ""}, usage=None),
        _chunk({"reasoning_content": "A bright one"}, usage=None),
        _chunk({"reasoning": "or", "reasoning_details": [{"type": "reasoning.text", "text": "or"}]}),
        _chunk({"content": "Vé\u2028ga"}, obfuscation="x7"),
        _chunk({"content": [_part("thinking", "hm"), _part("text", ", or")]}),
        _chunk({"tool_calls": [{"index": 0, **_CALL}]}, index=1),
        _chunk({"tool_calls": [{"index": 0, "function": {"arguments": '"Deneb"}'}}]}, index=1),
        _chunk({"refusal": "No."}, index=1),
        _chunk({"audio": {"data": "AAA=", "transcript": "Vega"}}),
        b'{"choices":[{"delta":{"content":"brok',
        {},
    ),
    unnamed(
        _chunk({}, "stop"),
        _chunk({}, "tool_calls", 1, x_groq={"id": "r", "usage": _USAGE}),
        {"id": "c-9", "choices": [], "usage": {**_USAGE, "completion_tokens": 14}},
        _DONE,
        {"error": _ERROR},
        _chunk({}, "error", error=_ERROR),
        {"object": "error", "message": "gone", "code": 500},
        {"base_resp": {"status_code": 1002, "status_msg": "slow down"}},
    ),
)
COMPLETIONS: Final = Talk(
    "/v1/completions",
    "sse",
    {"model": "loom-text", "prompt": "Once", "stream": True, "stream_options": {"include_usage": False}},
    {
        "model": "loom-text",
        "choices": [{"index": 0, "text": " upon", "finish_reason": "length"}],
        "usage": _USAGE,
    },
    unnamed({"model": "loom-text", "choices": [{"index": 0, "text": " upon", "finish_reason": None}]}),
    unnamed(
        {"choices": [{"index": 0, "text": "", "finish_reason": "length"}], "usage": _USAGE},
        _DONE,
        {"error": _ERROR},
    ),
)
EMBEDDINGS: Final = Talk(
    "/v1/embeddings",
    None,
    {"model": "loom-embed", "input": "star"},
    {
        "object": "list",
        "model": "loom-embed",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.25]}],
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    },
)

_PLACE: Final = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
_RESPONSE_USAGE: Final = {
    "input_tokens": 40,
    "input_tokens_details": {"cached_tokens": 32, "cache_write_tokens": 0},
    "output_tokens": 21,
    "output_tokens_details": {"reasoning_tokens": 8},
    "total_tokens": 61,
}
_ITEM: Final = {
    "id": "msg_1",
    "type": "message",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Lyra.", "annotations": []}],
}


def _response(status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "model": _MODEL,
        "status": status,
        "output": [_ITEM],
        **more,
    }


def _delta(kind: str, text: str) -> dict[str, Any]:
    return {"type": f"response.{kind}.delta", **_PLACE, "delta": text}


RESPONSES: Final = Talk(
    "/v1/responses",
    "sse",
    {"model": _MODEL, "input": "Name a constellation.", "stream": True},
    _response("completed", usage=_RESPONSE_USAGE, error=None),
    named(
        {"type": "response.created", "response": _response("in_progress", output=[], usage=None)},
        {"type": "response.in_progress", "response": _response("in_progress", usage=None)},
        {"type": "response.output_item.added", "output_index": 0, "item": {**_ITEM, "content": []}},
        {"type": "response.content_part.added", **_PLACE, "part": {"type": "output_text", "text": ""}},
        _delta("reasoning_summary_text", "Near Vega"),
        _delta("output_text", "Ly"),
        _delta("function_call_arguments", '{"a":'),
        _delta("refusal", "No."),
        {"type": "response.output_text.done", **_PLACE, "text": "Lyra."},
        {"type": "response.output_item.done", "output_index": 0, "item": _ITEM},
        {"type": "keepalive"},
    ),
    named(
        {"type": "response.completed", "response": _response("completed", usage=_RESPONSE_USAGE)},
        {
            "type": "response.incomplete",
            "response": _response("incomplete", incomplete_details={"reason": "max_output_tokens"}),
        },
        {"type": "response.failed", "response": _response("failed", error={"code": "server_error"})},
        {"type": "error", "code": "server_error", "message": "gone", "param": None},
        {"type": "error", "error": _ERROR},
    ),
)
OPENAI_TALKS: Final = (CHAT, COMPLETIONS, EMBEDDINGS, RESPONSES)
