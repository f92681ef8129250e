"""Cohere's chat, version 1, with its older generate: lines of JSON by `event_type`.

`stream-end` ends a stream; it repeats the whole answer.
`tool-calls-generation` repeats the calls whose pieces came in `tool-calls-chunk`; older models send it alone,
so it counts as content.
"""

from typing import Final

from tokenpulse.dialects.base import Dialect, JsonDialect, Mark, Marks, Route
from tokenpulse.dialects.call_text import arguments_text
from tokenpulse.dialects.cohere_finish import finish_error, finish_of
from tokenpulse.dialects.cohere_usage import read_usage
from tokenpulse.dialects.error_body import read_error
from tokenpulse.dialects.facts import AnswerFacts, Content, EventFacts, JsonObject, RequestFacts, Usage
from tokenpulse.dialects.nested_object import last_object
from tokenpulse.dialects.openai_chat import MAX_CHOICES, OpenAIChat
from tokenpulse.dialects.openai_chat import read_request as read_openai_request

_OPENAI: Final = OpenAIChat()
_ENDS: Final = ("stream-end", "stream-error")
_TOOL_EVENTS: Final = ("tool-calls-chunk", "tool-calls-generation")


def read_request(body: JsonObject) -> RequestFacts:
    """Return model, stream, `num_generations`."""
    asked = read_openai_request(body)
    choices = body.get("num_generations")
    return asked._replace(choices=choices if type(choices) is int and 1 <= choices <= MAX_CHOICES else 1)


def _generations(body: JsonObject) -> list[JsonObject]:
    """Return the answers of the older generate endpoint."""
    generations = body.get("generations")
    if not isinstance(generations, list):
        return []
    return [generation for generation in generations[:MAX_CHOICES] if isinstance(generation, dict)]


def _finish(body: JsonObject) -> str | None:
    """Return the finish reason of a body, else of its first generation."""
    found = finish_of(body)
    generations = _generations(body)
    return finish_of(generations[0]) if found is None and generations else found


def _response(body: JsonObject) -> JsonObject:
    """Return the whole answer that the end of a stream carries."""
    response = body.get("response")
    return response if isinstance(response, dict) else {}


def _delta(body: JsonObject) -> JsonObject:
    delta = body.get("tool_call_delta")
    return delta if isinstance(delta, dict) else {}


def _calls(body: JsonObject) -> list[JsonObject]:
    calls = body.get("tool_calls")
    return [call for call in calls[:MAX_CHOICES] if isinstance(call, dict)] if isinstance(calls, list) else []


def _usage(body: JsonObject) -> Usage | None:
    return read_usage(body.get("meta"))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def event_content(body: JsonObject) -> Content:
    """Return what an event brings; text beside tool calls is the plan of them, which is reasoning."""
    kind = body.get("event_type")
    if kind is None or kind == "text-generation":
        return Content.VISIBLE if _is_text(body.get("text")) else Content.NONE
    if kind not in _TOOL_EVENTS:
        return Content.NONE
    delta = _delta(body)
    if _is_text(delta.get("name")) or _is_text(delta.get("parameters")) or _calls(body):
        return Content.VISIBLE
    is_plan = _is_text(body.get("text")) or _is_text(delta.get("text"))
    return Content.REASONING if is_plan else Content.NONE


class CohereV1(JsonDialect):
    """Read `/v1/chat` and `/v1/generate`."""

    name = "cohere-v1"
    operation = "chat"
    vendor: str | None = "cohere"
    routes: tuple[Route, ...] = (Route("/v1/chat"), Route("/v1/generate", operation="text_completion"))
    marks = Marks(
        Mark.of("meta"),
        Mark.of("finish_reason"),
        # Without the closing quote: `err` and `error`.
        Mark(b'"err', b'"error":null', b'"error": null'),
        b'"text-generation"',
    )
    cut_keys: tuple[str, ...] = ("event_type", "is_finished", "finish_reason", "meta")
    request = staticmethod(read_request)

    def for_request(self, body: JsonObject) -> Dialect:
        """Return OpenAI's dialect for its `messages`: others speak it on this path, Cohere asks with `message`."""
        return _OPENAI if "messages" in body and "message" not in body else self

    def answer(self, body: JsonObject, is_failure: bool) -> AnswerFacts:
        """Return what a JSON answer says; it names no model."""
        finish = _finish(body)
        error = read_error(body, is_failure) or finish_error(finish, None)
        return AnswerFacts(None, finish, _usage(body), error)

    def event(self, name: bytes, body: JsonObject) -> EventFacts:
        """Return what a line says."""
        kind = body.get("event_type")
        if kind in _ENDS or (kind is None and body.get("is_finished") is True):
            return self._end(body)
        content = event_content(body)
        is_error = name == b"error" or (kind is None and _is_text(body.get("message")))
        return EventFacts(content, error=read_error(body, is_error))

    def _end(self, body: JsonObject) -> EventFacts:
        response = _response(body)
        finish = _finish(body) or _finish(response)
        message = body.get("err") or body.get("error")
        if message is None and body.get("event_type") == "stream-error":
            message = {}
        return EventFacts(
            usage=_usage(response) or _usage(body),
            finishes=() if finish is None else ((0, finish),),
            error=finish_error(finish, message),
            is_terminal=True,
        )

    def text(self, body: JsonObject) -> str:
        """Return the text of an event or an answer; the end of a stream repeats what was sent."""
        if body.get("event_type") in _ENDS or "response" in body:
            return ""
        delta = _delta(body)
        texts = [body.get("text"), delta.get("text"), delta.get("parameters")]
        texts += [generation.get("text") for generation in _generations(body)]
        arguments = [arguments_text(call.get("parameters")) for call in _calls(body)]
        return "".join([text for text in texts if isinstance(text, str)] + arguments)

    def abridged(self, head: bytes, tail: bytes) -> JsonObject | None:
        """Return what the ends tell; the end of a stream holds the answer's `meta` one level deeper."""
        body = super().abridged(head, tail)
        meta = last_object(tail, "meta")
        return body if body is None or meta is None else {**body, "meta": meta}
