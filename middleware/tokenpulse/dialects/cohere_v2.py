"""Cohere's chat, version 2: typed server-sent events, ended by `message-end`."""

from typing import Final

from tokenpulse.dialects.base import JsonDialect, Mark, Marks, Route
from tokenpulse.dialects.call_text import arguments_text
from tokenpulse.dialects.cohere_finish import finish_error, finish_of
from tokenpulse.dialects.cohere_usage import read_usage
from tokenpulse.dialects.error_body import read_error
from tokenpulse.dialects.facts import NO_FACTS, AnswerFacts, Content, EventFacts, JsonObject
from tokenpulse.dialects.openai_chat import read_request

MAX_PARTS: Final = 128
"""Most parts or calls of one message that are looked at."""


def _objects(value: object) -> list[JsonObject]:
    """Return an object, or the objects in a list: a delta holds one where a message holds a list."""
    if isinstance(value, dict):
        return [value]
    return [item for item in value[:MAX_PARTS] if isinstance(item, dict)] if isinstance(value, list) else []


def _functions(message: JsonObject) -> list[JsonObject]:
    functions = [call.get("function") for call in _objects(message.get("tool_calls"))]
    return [function for function in functions if isinstance(function, dict)]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def message_content(message: JsonObject) -> Content:
    """Return what a message or its delta brings: text, calls; thinking and the plan of calls are reasoning."""
    content = Content.NONE
    for part in _objects(message.get("content")):
        if _is_text(part.get("text")):
            return Content.VISIBLE
        if _is_text(part.get("thinking")):
            content = Content.REASONING
    if any(function.get("name") or function.get("arguments") for function in _functions(message)):
        return Content.VISIBLE
    return Content.REASONING if _is_text(message.get("tool_plan")) else content


def message_text(message: JsonObject) -> str:
    """Return the text of a message or its delta: plan, thinking, content, call arguments."""
    texts = [message.get("tool_plan")]
    for part in _objects(message.get("content")):
        texts += [part.get("thinking"), part.get("text")]
    arguments = [arguments_text(function.get("arguments")) for function in _functions(message)]
    return "".join([text for text in texts if isinstance(text, str)] + arguments)


class CohereV2(JsonDialect):
    """Read `/v2/chat`."""

    name = "cohere-v2"
    operation = "chat"
    vendor: str | None = "cohere"
    routes: tuple[Route, ...] = (Route("/v2/chat"),)
    marks = Marks(Mark.of("usage"), Mark.of("finish_reason"), Mark.of("error"), b'-delta"')
    cut_keys: tuple[str, ...] = ("type", "finish_reason", "usage")
    request = staticmethod(read_request)

    def answer(self, body: JsonObject, is_failure: bool) -> AnswerFacts:
        """Return what a JSON answer says; it names no model."""
        finish = finish_of(body)
        error = read_error(body, is_failure) or finish_error(finish, None)
        return AnswerFacts(None, finish, read_usage(body.get("usage")), error)

    def event(self, name: bytes, body: JsonObject) -> EventFacts:
        """Return what an event says."""
        delta = body.get("delta")
        if isinstance(delta, dict):
            if body.get("type") == "message-end":
                return self._end(delta)
            message = delta.get("message")
            content = message_content(message) if isinstance(message, dict) else Content.NONE
            return NO_FACTS if content is Content.NONE else EventFacts(content)
        # An error that ends a stream has the shape of a failed answer: a text `message`, no `type`.
        is_error = name == b"error" or ("type" not in body and isinstance(body.get("message"), str))
        error = read_error(body, is_error)
        return NO_FACTS if error is None else EventFacts(error=error)

    def _end(self, delta: JsonObject) -> EventFacts:
        finish = finish_of(delta)
        return EventFacts(
            usage=read_usage(delta.get("usage")),
            finishes=() if finish is None else ((0, finish),),
            error=finish_error(finish, delta.get("error")),
            is_terminal=True,
        )

    def text(self, body: JsonObject) -> str:
        """Return the text of an event's delta or of an answer's message."""
        delta = body.get("delta")
        message = (delta if isinstance(delta, dict) else body).get("message")
        return message_text(message) if isinstance(message, dict) else ""
