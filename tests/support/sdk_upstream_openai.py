"""Answer as OpenAI's chat completions, text completions, embeddings do; the model's name picks the answer."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from tests.support.sdk_upstream_reply import CREATED, Json, Reply, json_reply, sse_reply

MODEL: Final = "atlas-2026-01"
DONE: Final = b"data: [DONE]\n\n"
USAGE: Final = {
    "prompt_tokens": 40,
    "completion_tokens": 12,
    "total_tokens": 52,
    "prompt_tokens_details": {"cached_tokens": 8, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 4,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
ERROR_STATUS: Final = {"refused": 400, "limited": 429, "overloaded": 503}
ARGUMENTS: Final = ('{"city":', ' "Lima"}')

Choices = list[dict[str, Any]]


def _delta(delta: Json, *, index: int = 0, finish: str | None = None) -> Choices:
    return [{"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}]


def _call(**function: str) -> Choices:
    return _delta({"tool_calls": [{"index": 0, "function": function}]})


_PRELUDE: Final = _delta({"role": "assistant", "content": "", "refusal": None})
_WORDS: Final = [_delta({"content": word}) for word in ("Rivers", " bend", " slowly.")]
_STREAMS: Final[Mapping[str, list[Choices]]] = {
    "words": [_PRELUDE, *_WORDS, _delta({}, finish="stop")],
    "tools": [
        _delta({"role": "assistant", "content": None, "tool_calls": [
            {"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}},
        ]}),
        *(_call(arguments=piece) for piece in ARGUMENTS),
        _delta({}, finish="tool_calls"),
    ],
    "choices": [
        _PRELUDE,
        _delta({"role": "assistant", "content": ""}, index=1),
        _delta({"content": "Left"}),
        _delta({"content": "Right"}, index=1),
        _delta({}, finish="length"),
        _delta({}, index=1, finish="stop"),
    ],
}  # fmt: skip


def _message(scenario: str) -> tuple[dict[str, Any], str]:
    """Return a message with its finish reason."""
    message: dict[str, Any] = {"role": "assistant", "content": "Rivers bend slowly.", "refusal": None}
    if scenario != "tools":
        return {**message, "annotations": []}, "stop"
    function = {"name": "weather", "arguments": "".join(ARGUMENTS)}
    call = {"id": "call_1", "type": "function", "function": function}
    return {**message, "content": None, "tool_calls": [call]}, "tool_calls"


def error_body(scenario: str) -> dict[str, Any]:
    """Return an error as OpenAI words it."""
    error = {"message": f"This was {scenario}.", "type": f"{scenario}_error", "param": None, "code": scenario}
    return {"error": error}


def error_reply(scenario: str) -> Reply | None:
    """Return an error that a status tells, None for scenarios that are no such error."""
    status = ERROR_STATUS.get(scenario)
    return None if status is None else json_reply(error_body(scenario), status)


def _chunks(scenario: str, asked: Json) -> list[dict[str, Any]]:
    options = asked.get("stream_options") or {}
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": CREATED, "model": MODEL}
    chunks: list[dict[str, Any]] = [{**base, "choices": choices} for choices in _STREAMS[scenario]]
    if options.get("include_usage"):
        chunks = [{**chunk, "usage": None} for chunk in chunks]
        chunks.append({**base, "choices": [], "usage": USAGE})
    return chunks


def _stream(scenario: str, asked: Json) -> Reply:
    if scenario == "broken":
        return sse_reply([*_chunks("words", asked)[:2], error_body(scenario)])
    if scenario == "cut":
        return sse_reply(_chunks("words", asked)[:3])
    if scenario == "held":
        return replace(sse_reply(_chunks("words", asked)[:2]), is_held=True)
    return sse_reply(_chunks(scenario, asked), DONE)


def chat(scenario: str, asked: Json) -> Reply:
    """Answer `/chat/completions`."""
    error = error_reply(scenario)
    if error is not None:
        return error
    if asked.get("stream"):
        return _stream(scenario, asked)
    message, finish = _message(scenario)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    base = {"id": "chatcmpl-1", "object": "chat.completion", "created": CREATED, "model": MODEL}
    return json_reply({**base, "choices": [choice], "usage": USAGE})


def completions(_: str, asked: Json) -> Reply:
    """Answer `/completions`."""
    usage = {"prompt_tokens": 6, "completion_tokens": 9, "total_tokens": 15}
    base = {"id": "cmpl-1", "object": "text_completion", "created": CREATED, "model": MODEL}

    def body(text: str, finish: str | None, **more: Any) -> dict[str, Any]:
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
        return {**base, "choices": [choice], **more}

    if asked.get("stream"):
        last = {**base, "choices": [], "usage": usage}
        return sse_reply([body("And so", None), body(" on.", "length"), last], DONE)
    return json_reply(body("And so on.", "length", usage=usage))


def embeddings(_: str, __: Json) -> Reply:
    """Answer `/embeddings`."""
    data = [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5]}]
    usage = {"prompt_tokens": 5, "total_tokens": 5}
    return json_reply({"object": "list", "data": data, "model": MODEL, "usage": usage})


ROUTES: Final[Mapping[str, Callable[[str, Json], Reply]]] = {
    "/chat/completions": chat,
    "/completions": completions,
    "/embeddings": embeddings,
}
