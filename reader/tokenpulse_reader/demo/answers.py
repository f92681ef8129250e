"""Write the simulated upstream's answers in OpenAI's wire format."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

from tokenpulse_reader.demo.plans import TOKENS_PER_PIECE, Plan

Operation = Literal["chat", "completions"]
STREAM_END: Final = b"data: [DONE]\n\n"
_WORDS: Final = ("tokens", "flow", "and", "somebody", "has", "to", "count", "them", "one", "by", "one")
_FAILURE_TEXTS: Final[dict[int, tuple[str, str]]] = {
    429: ("rate_limit_error", "Rate limit reached, please retry later"),
    500: ("server_error", "The server had an error while processing your request"),
    504: ("timeout_error", "The upstream did not answer in time"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerHead:
    """Hold what all parts of one answer repeat."""

    identifier: str
    operation: Operation
    model_id: str
    created: int


def error_body(message: str, error_type: str) -> bytes:
    """Return an error as OpenAI writes it."""
    return orjson.dumps({"error": {"message": message, "type": error_type, "param": None, "code": None}})


def failure_body(status_code: int) -> bytes:
    """Return the error body of a simulated failure: 429, 500 or 504."""
    error_type, message = _FAILURE_TEXTS[status_code]
    return error_body(message, error_type)


def usage_object(plan: Plan, cost_usd: float | None) -> dict[str, Any]:
    """Return the answer's `usage`; with `cost` (USD, as OpenRouter reports it) unless it is None."""
    usage: dict[str, Any] = {
        "prompt_tokens": plan.tokens_input,
        "completion_tokens": plan.tokens_output,
        "total_tokens": plan.tokens_input + plan.tokens_output,
        "prompt_tokens_details": {"cached_tokens": plan.tokens_cached},
        "completion_tokens_details": {"reasoning_tokens": plan.tokens_reasoning},
    }
    return usage if cost_usd is None else {**usage, "cost": cost_usd}


def whole_body(head: AnswerHead, plan: Plan, usage: dict[str, Any]) -> bytes:
    """Return an answer that is not streamed."""
    text = " ".join(_piece(number) for number in range(len(plan.gaps_seconds) + 1))
    part: dict[str, Any] = {"index": 0, "finish_reason": "stop"}
    if head.operation == "chat":
        part["message"] = {"role": "assistant", "content": text}
    else:
        part["text"] = text
    kind = "chat.completion" if head.operation == "chat" else "text_completion"
    return orjson.dumps({**_common(head, kind), "choices": [part], "usage": usage})


def embedding_body(model_id: str, plan: Plan, cost_usd: float | None) -> bytes:
    """Return the answer to an embeddings request."""
    usage: dict[str, Any] = {"prompt_tokens": plan.tokens_input, "total_tokens": plan.tokens_input}
    if cost_usd is not None:
        usage["cost"] = cost_usd
    data = [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5, 0.125]}]
    return orjson.dumps({"object": "list", "data": data, "model": model_id, "usage": usage})


def prelude_event(head: AnswerHead) -> bytes:
    """Return the event that only says who speaks: it holds no content yet."""
    return _event(head, {"role": "assistant", "content": ""}, finish_reason=None)


def content_events(head: AnswerHead, plan: Plan) -> Iterator[bytes]:
    """Yield one event per piece; the reasoning ones come first."""
    reasoning_pieces = plan.tokens_reasoning // TOKENS_PER_PIECE
    for number in range(len(plan.gaps_seconds) + 1):
        field = "reasoning_content" if number < reasoning_pieces else "content"
        yield _event(head, {field: _piece(number) + " "}, finish_reason=None)


def closing_events(head: AnswerHead, usage: dict[str, Any] | None) -> Iterator[bytes]:
    """Yield the finish reason, then the usage unless it is None, then the terminator."""
    yield _event(head, {}, finish_reason="stop")
    if usage is not None:
        kind = "chat.completion.chunk" if head.operation == "chat" else "text_completion"
        yield _sse({**_common(head, kind), "choices": [], "usage": usage})
    yield STREAM_END


def error_event() -> bytes:
    """Return an error in the middle of a stream whose status was 200."""
    return b"data: " + failure_body(500) + b"\n\n"


def _common(head: AnswerHead, kind: str) -> dict[str, Any]:
    return {"id": head.identifier, "object": kind, "created": head.created, "model": head.model_id}


def _event(head: AnswerHead, delta: dict[str, str], *, finish_reason: str | None) -> bytes:
    part: dict[str, Any] = {"index": 0, "finish_reason": finish_reason}
    if head.operation == "chat":
        return _sse({**_common(head, "chat.completion.chunk"), "choices": [{**part, "delta": delta}]})
    text = delta.get("content", "")
    return _sse({**_common(head, "text_completion"), "choices": [{**part, "text": text}]})


def _sse(payload: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(payload) + b"\n\n"


def _piece(number: int) -> str:
    return _WORDS[number % len(_WORDS)]
