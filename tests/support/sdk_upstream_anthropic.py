"""Answer as Anthropic's messages do; the model's name picks the answer."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from tests.support.sdk_upstream_reply import Json, Reply, json_reply, named_sse_reply

MODEL: Final = "quill-4-20260101"
USAGE: Final = {
    "input_tokens": 21,
    "cache_creation_input_tokens": 300,
    "cache_read_input_tokens": 1000,
    "cache_creation": {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 100},
    "output_tokens": 57,
    "output_tokens_details": {"thinking_tokens": 30},
    "service_tier": "standard",
}
_FINAL_USAGE: Final = {"output_tokens": 57, "output_tokens_details": {"thinking_tokens": 30}}
_SEARCH_USAGE: Final = {**_FINAL_USAGE, "input_tokens": 2400, "cache_read_input_tokens": 0,
                        "cache_creation_input_tokens": 0}  # fmt: skip
ERRORS: Final = {
    "refused": (400, "invalid_request_error"),
    "limited": (429, "rate_limit_error"),
    "overloaded": (529, "overloaded_error"),
}
_THINKING: Final = {"type": "thinking", "thinking": "A short answer.", "signature": "c2ln"}
_TEXT: Final = {"type": "text", "text": "Stone is patient.", "citations": None}
_TOOL: Final = {"type": "tool_use", "id": "toolu_1", "name": "lookup", "input": {"word": "stone"}}


def error_body(kind: str) -> dict[str, Any]:
    """Return an error as Anthropic words it."""
    error = {"type": kind, "message": f"This is a {kind}."}
    return {"type": "error", "error": error, "request_id": "req_1"}


def _message(scenario: str) -> dict[str, Any]:
    is_tool = scenario == "tools"
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [_TOOL] if is_tool else [_THINKING, _TEXT],
        "stop_reason": "tool_use" if is_tool else "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
    }


def _block(index: int, start: Json, *deltas: Json) -> list[dict[str, Any]]:
    pieces = [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
    opening = {"type": "content_block_start", "index": index, "content_block": start}
    return [opening, *pieces, {"type": "content_block_stop", "index": index}]


def _blocks(scenario: str) -> list[dict[str, Any]]:
    if scenario == "tools":
        pieces = ("", '{"word":', ' "stone"}')
        arguments = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        return _block(0, {**_TOOL, "input": {}}, *arguments)
    words = [{"type": "text_delta", "text": word} for word in ("Stone", " is", " patient.")]
    thoughts = [{"type": "thinking_delta", "thinking": piece} for piece in ("A short", " answer.")]
    signature = {"type": "signature_delta", "signature": "c2ln"}
    thinking = _block(0, {"type": "thinking", "thinking": "", "signature": ""}, *thoughts, signature)
    return [*thinking, {"type": "ping"}, *_block(1, {"type": "text", "text": ""}, *words)]


def _events(scenario: str) -> list[dict[str, Any]]:
    started = {**_message(scenario), "content": [], "stop_reason": None}
    started["usage"] = {**USAGE, "output_tokens": 1, "output_tokens_details": None}
    opening: list[dict[str, Any]] = [{"type": "message_start", "message": started}, {"type": "ping"}]
    blocks = _blocks(scenario)
    if scenario in ("broken", "cut", "held"):
        error = [error_body("overloaded_error")] if scenario == "broken" else []
        return [*opening, *blocks[:3], *error]
    delta = {"stop_reason": "tool_use" if scenario == "tools" else "end_turn", "stop_sequence": None}
    usage = _SEARCH_USAGE if scenario == "search" else _FINAL_USAGE
    ending: list[dict[str, Any]] = [
        {"type": "message_delta", "delta": delta, "usage": usage},
        {"type": "message_stop"},
    ]
    return [*opening, *blocks, *ending]


def messages(scenario: str, asked: Json) -> Reply:
    """Answer `/v1/messages`, and Vertex's paths for it."""
    if scenario in ERRORS:
        status, kind = ERRORS[scenario]
        return json_reply(error_body(kind), status)
    if asked.get("stream"):
        return replace(named_sse_reply(_events(scenario)), is_held=scenario == "held")
    return json_reply(_message(scenario))


def count_tokens(_: str, __: Json) -> Reply:
    """Answer `/v1/messages/count_tokens`, which generates nothing."""
    return json_reply({"input_tokens": 21})


ROUTES: Final[Mapping[str, Callable[[str, Json], Reply]]] = {
    "/v1/messages": messages,
    ":rawPredict": messages,
    ":streamRawPredict": messages,
    "/v1/messages/count_tokens": count_tokens,
}
