"""Answer as OpenAI's Responses do; the model's name picks the answer."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.support.sdk_upstream_openai import MODEL, error_reply
from tests.support.sdk_upstream_reply import CREATED, Json, Reply, json_reply, named_sse_reply

RESPONSE_ID: Final = "resp_1"
TEXT: Final = ("Clouds", " gather.")
ARGUMENTS: Final = ('{"hour":', " 7}")
USAGE: Final = {
    "input_tokens": 90,
    "input_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 16},
    "output_tokens": 33,
    "output_tokens_details": {"reasoning_tokens": 20},
    "total_tokens": 123,
}
_REASONING: Final = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "Look at the sky."}],
}
_CALL: Final = {
    "id": "fc_1",
    "type": "function_call",
    "call_id": "call_1",
    "name": "alarm",
    "arguments": "".join(ARGUMENTS),
    "status": "completed",
}


def _text_part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _message(status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": content}


def _response(status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": RESPONSE_ID,
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": MODEL,
        "output": [],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": None,
        **more,
    }


def _final(scenario: str) -> dict[str, Any]:
    """Return the response as it is in the end."""
    if scenario == "tools":
        return _response("completed", output=[_CALL], usage=USAGE)
    output = [_REASONING, _message("completed", [_text_part("".join(TEXT))])]
    if scenario == "incomplete":
        reason = {"reason": "max_output_tokens"}
        return _response("incomplete", output=output, usage=USAGE, incomplete_details=reason)
    if scenario == "failed":
        error = {"code": "server_error", "message": "The model failed."}
        return _response("failed", error=error)
    return _response("completed", output=output, usage=USAGE)


def _reasoning_events() -> list[dict[str, Any]]:
    place = {"output_index": 0}
    part = {"item_id": "rs_1", "summary_index": 0, **place}
    (summary,) = _REASONING["summary"]
    delta = {"type": "response.reasoning_summary_text.delta", **part, "delta": "Look at the sky."}
    return [
        {"type": "response.output_item.added", **place, "item": {**_REASONING, "summary": []}},
        {
            "type": "response.reasoning_summary_part.added",
            **part,
            "part": {"type": "summary_text", "text": ""},
        },
        delta,
        {"type": "response.reasoning_summary_text.done", **part, "text": "Look at the sky."},
        {"type": "response.reasoning_summary_part.done", **part, "part": summary},
        {"type": "response.output_item.done", **place, "item": _REASONING},
    ]


def _message_events() -> list[dict[str, Any]]:
    place = {"output_index": 1}
    part = {"item_id": "msg_1", "content_index": 0, **place}
    text = "".join(TEXT)
    deltas = [
        {"type": "response.output_text.delta", **part, "delta": piece, "logprobs": []} for piece in TEXT
    ]
    return [
        {"type": "response.output_item.added", **place, "item": _message("in_progress", [])},
        {"type": "response.content_part.added", **part, "part": _text_part("")},
        *deltas,
        {"type": "response.output_text.done", **part, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **part, "part": _text_part(text)},
        {"type": "response.output_item.done", **place, "item": _message("completed", [_text_part(text)])},
    ]


def _call_events() -> list[dict[str, Any]]:
    place = {"output_index": 0}
    part = {"item_id": "fc_1", **place}
    started = {**_CALL, "arguments": "", "status": "in_progress"}
    deltas = [
        {"type": "response.function_call_arguments.delta", **part, "delta": piece} for piece in ARGUMENTS
    ]
    done = {"type": "response.function_call_arguments.done", **part, "name": "alarm"}
    return [
        {"type": "response.output_item.added", **place, "item": started},
        *deltas,
        {**done, "arguments": "".join(ARGUMENTS)},
        {"type": "response.output_item.done", **place, "item": _CALL},
    ]


def _events(scenario: str) -> list[dict[str, Any]]:
    started = _response("in_progress")
    opening = [{"type": f"response.{kind}", "response": started} for kind in ("created", "in_progress")]
    body = _call_events() if scenario == "tools" else [*_reasoning_events(), *_message_events()]
    if scenario == "broken":
        error = {"type": "error", "code": "server_error", "message": "The stream broke.", "param": None}
        return [*opening, *body[:3], error]
    if scenario == "cut":
        return [*opening, *body]
    final = _final(scenario)
    return [*opening, *body, {"type": f"response.{final['status']}", "response": final}]


def responses(scenario: str, asked: Json) -> Reply:
    """Answer `/responses`."""
    error = error_reply(scenario)
    if error is not None:
        return error
    if not asked.get("stream"):
        return json_reply(_final(scenario))
    events = _events(scenario)
    return named_sse_reply({**event, "sequence_number": number} for number, event in enumerate(events))


def stored_response(_: str, __: Json) -> Reply:
    """Answer `GET /responses/{id}`: the response again, with the usage it had."""
    return json_reply(_final("words"))


ROUTES: Final[Mapping[str, Callable[[str, Json], Reply]]] = {
    "/responses": responses,
    f"/responses/{RESPONSE_ID}": stored_response,
}
