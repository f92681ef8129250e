"""Answer as Cohere's chat, embed, rerank do, version 2; the model's name picks the answer."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.support.sdk_upstream_reply import Json, Reply, json_reply, named_sse_reply

USAGE: Final = {
    "billed_units": {"input_tokens": 8, "output_tokens": 15},
    "tokens": {"input_tokens": 510, "output_tokens": 19},
    "cached_tokens": 256,
}
ERROR_STATUS: Final = {"refused": 400, "limited": 429, "overloaded": 503}
_WORDS: Final = ("Ice", " remembers", ".")
_ARGUMENTS: Final = ('{"lake":', ' "Ohrid"}')
_CALL: Final = {
    "id": "depth_1",
    "type": "function",
    "function": {"name": "depth", "arguments": "".join(_ARGUMENTS)},
}
_ERRORS_WITHIN: Final = {"broken": ("ERROR", "the worker stopped"), "late": ("TIMEOUT", "no time left")}


def failure(scenario: str) -> Reply | None:
    """Return an error that a status tells, None for scenarios that are no such error."""
    status = ERROR_STATUS.get(scenario)
    return None if status is None else json_reply({"id": "e1", "message": f"This was {scenario}."}, status)


def _delta(kind: str, message: Json, **more: Any) -> dict[str, Any]:
    return {"type": kind, **more, "delta": {"message": message}}


def _body_events(scenario: str) -> list[dict[str, Any]]:
    if scenario == "tools":
        start = {**_CALL, "function": {"name": "depth", "arguments": ""}}
        pieces = [{"tool_calls": {"function": {"arguments": piece}}} for piece in _ARGUMENTS]
        return [
            _delta("tool-plan-delta", {"tool_plan": "I look it up."}),
            _delta("tool-call-start", {"tool_calls": start}, index=0),
            *(_delta("tool-call-delta", piece, index=0) for piece in pieces),
            {"type": "tool-call-end", "index": 0},
        ]
    thinking = {"content": {"type": "thinking", "thinking": ""}}
    thought = {"content": {"thinking": "Cold."}}
    words = [_delta("content-delta", {"content": {"text": word}}, index=1) for word in _WORDS]
    return [
        _delta("content-start", thinking, index=0),
        _delta("content-delta", thought, index=0),
        {"type": "content-end", "index": 0},
        _delta("content-start", {"content": {"type": "text", "text": ""}}, index=1),
        *words,
        {"type": "content-end", "index": 1},
    ]


def _events(scenario: str) -> list[dict[str, Any]]:
    empty = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    start = {"type": "message-start", "id": "m1", "delta": {"message": empty}}
    body = _body_events(scenario)
    if scenario == "cut":
        return [start, *body]
    finish = "TOOL_CALL" if scenario == "tools" else "COMPLETE"
    end: dict[str, Any] = {"finish_reason": finish, "usage": USAGE}
    if scenario in _ERRORS_WITHIN:
        finish, error = _ERRORS_WITHIN[scenario]
        end = {"finish_reason": finish, "error": error, "usage": USAGE}
    return [start, *body, {"type": "message-end", "delta": end}]


def chat(scenario: str, asked: Json) -> Reply:
    """Answer `/v2/chat`."""
    failed = failure(scenario)
    if failed is not None:
        return failed
    if asked.get("stream"):
        return named_sse_reply(_events(scenario))
    message: dict[str, Any] = {"role": "assistant"}
    if scenario == "tools":
        message |= {"tool_plan": "I look it up.", "tool_calls": [_CALL]}
    else:
        text = {"type": "text", "text": "".join(_WORDS)}
        message["content"] = [{"type": "thinking", "thinking": "Cold."}, text]
    finish = "TOOL_CALL" if scenario == "tools" else "COMPLETE"
    return json_reply({"id": "m1", "finish_reason": finish, "message": message, "usage": USAGE})


def _meta(version: str, **units: int) -> dict[str, Any]:
    return {"api_version": {"version": version}, "billed_units": units}


def embed(_: str, asked: Json) -> Reply:
    """Answer `/v2/embed`."""
    body = {"id": "e1", "embeddings": {"float": [[0.5, 0.25]]}, "texts": asked["texts"]}
    return json_reply({**body, "response_type": "embeddings_by_type", "meta": _meta("2", input_tokens=3)})


def rerank(_: str, __: Json) -> Reply:
    """Answer `/v2/rerank`."""
    results = [{"index": 1, "relevance_score": 0.75}, {"index": 0, "relevance_score": 0.5}]
    return json_reply({"id": "r1", "results": results, "meta": _meta("2", search_units=1)})


ROUTES: Final[Mapping[str, Callable[[str, Json], Reply]]] = {
    "/v2/chat": chat,
    "/v2/embed": embed,
    "/v2/rerank": rerank,
}
