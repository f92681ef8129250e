"""OpenAI chat completions, as OpenAI and everyone compatible with it sends them."""

from typing import Final

import orjson

from tokenpulse.dialects.base import (
    AnswerFacts,
    Content,
    ErrorFacts,
    EventFacts,
    JsonObject,
    Mark,
    RequestFacts,
    Usage,
    new_record,
)
from tokenpulse.dialects.error_body import read_error
from tokenpulse.dialects.openai_usage import read_usage

_DONE: Final = EventFacts(is_terminal=True)
MAX_CHOICES: Final = 128
"""Most answers a request may ask for; OpenAI's own limit."""


def read_request(body: JsonObject) -> RequestFacts:
    """Return model, stream, n of a request body."""
    model = body.get("model")
    stream = body.get("stream")
    choices = body.get("n")
    is_named = isinstance(model, str)
    return new_record(
        RequestFacts,
        (
            model if is_named and model else None,
            stream if isinstance(stream, bool) else None,
            choices if type(choices) is int and 1 <= choices <= MAX_CHOICES else 1,
            model is not None and not is_named,
        ),
    )


def choices_of(body: JsonObject) -> list[JsonObject]:
    """Return the entries of `choices` that are objects."""
    choices = body.get("choices")
    if not isinstance(choices, list):
        return []
    if len(choices) == 1 and isinstance(choices[0], dict):
        return choices
    return [choice for choice in choices if isinstance(choice, dict)]


def usage_of(body: JsonObject) -> Usage | None:
    """Return the usage of an answer or a chunk, Groq's `x_groq.usage` included."""
    usage = read_usage(body.get("usage"))
    if usage is None:
        groq = body.get("x_groq")
        if isinstance(groq, dict):
            usage = read_usage(groq.get("usage"))
    return usage


def error_of(body: JsonObject, is_failure: bool, reasons: list[str]) -> ErrorFacts | None:
    """Return the error of an answer or a chunk; the finish reason `error` alone is one (OpenRouter)."""
    error = read_error(body, is_failure)
    if error is None and "error" in reasons:
        nested = (read_error(choice, is_failure=False) for choice in choices_of(body))
        error = next((found for found in nested if found is not None), ErrorFacts())
    return error


def model_of(body: JsonObject) -> str | None:
    """Return the model the response names, None if it names none (Azure's first chunk says "")."""
    model = body.get("model")
    return model if isinstance(model, str) and model else None


def read_answer(body: JsonObject, is_failure: bool) -> AnswerFacts:
    """Return what a JSON answer says; its finish reason is that of choice 0."""
    reasons = []
    for choice in choices_of(body):
        reason = choice.get("finish_reason")
        if reason and isinstance(reason, str):
            reasons.append(reason)
    error = None
    if is_failure or "error" in body or "error" in reasons or body.get("object") == "error":
        error = error_of(body, is_failure, reasons)
    return new_record(AnswerFacts, (model_of(body), reasons[0] if reasons else None, usage_of(body), error))


def parsed(data: bytes) -> JsonObject | None:
    """Return an event's JSON object, None if it is not JSON, {} if it is some other JSON value."""
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else {}


def _has_text(parts: object) -> bool:
    """Tell whether a string or a list of typed parts holds any text."""
    if isinstance(parts, list):
        return any(_has_text(part) for part in parts[:64])
    if isinstance(parts, dict):
        return any(_has_text(parts.get(key)) for key in ("text", "thinking", "summary"))
    return isinstance(parts, str) and parts != ""


def _list_content(parts: list[object]) -> Content:
    """Return the content of Mistral's typed parts: thinking is reasoning, anything else visible."""
    content = Content.NONE
    for part in parts:
        if not isinstance(part, dict):
            continue
        if part.get("type") == "thinking":
            content = max(content, Content.REASONING if _has_text(part) else Content.NONE)
        elif part.get("type") != "text" or _has_text(part):
            return Content.VISIBLE
    return content


def _names_call(call: object) -> bool:
    function = call.get("function") if isinstance(call, dict) else None
    return isinstance(function, dict) and bool(function.get("name") or function.get("arguments"))


def _has_call(delta: JsonObject) -> bool:
    calls = delta.get("tool_calls")
    if isinstance(calls, list) and any(_names_call(call) for call in calls):
        return True
    function = delta.get("function_call")
    return isinstance(function, dict) and bool(function.get("name") or function.get("arguments"))


def delta_content(delta: JsonObject) -> Content:
    """Return what a delta brings: text, refusal, audio, a call's name or arguments; reasoning; nothing."""
    text = delta.get("content")
    if text and isinstance(text, str):
        return Content.VISIBLE
    found = _list_content(text) if isinstance(text, list) else Content.NONE
    if not delta or found is Content.VISIBLE:
        return found
    if delta.get("refusal") or delta.get("audio") or _has_call(delta):
        return Content.VISIBLE
    if any(_has_text(delta.get(key)) for key in ("reasoning_content", "reasoning", "reasoning_details")):
        return Content.REASONING
    return found


class OpenAIChat:
    """Read chat completions."""

    name = "openai-chat"
    operation = "chat"
    usage_mark = Mark.of("usage")
    finish_mark = Mark.of("finish_reason")
    error_mark = Mark.of("error")
    request = staticmethod(read_request)
    answer = staticmethod(read_answer)

    def content(self, choice: JsonObject) -> Content:
        """Return what a chunk's choice brings."""
        delta = choice.get("delta")
        return delta_content(delta) if isinstance(delta, dict) else Content.NONE

    def event(self, name: bytes, data: bytes) -> EventFacts | None:
        """Return what an event says; `[DONE]` ends the stream."""
        if data.startswith(b"[DONE]"):
            return _DONE
        body = parsed(data)
        if body is None:
            return None
        content = Content.NONE
        finishes: tuple[tuple[int, str], ...] = ()
        for choice in choices_of(body):
            brought = self.content(choice)
            if brought > content:
                content = brought
            reason = choice.get("finish_reason")
            if reason and isinstance(reason, str):
                index = choice.get("index")
                finishes += ((index if type(index) is int else 0, reason),)
        error = None
        if finishes or "error" in body or name == b"error" or body.get("object") == "error":
            error = error_of(body, name == b"error", [reason for _, reason in finishes])
        usage = usage_of(body) if body.get("usage") is not None or "x_groq" in body else None
        return new_record(EventFacts, (content, usage, finishes, error, model_of(body), False))
