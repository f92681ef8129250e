"""Ollama's own protocol: lines of JSON, the last of which says `"done": true`.

A request without `stream` asks for a stream. The last line counts tokens; a count that is absent there (a
prompt that was cached, nothing generated) is not known. `{"error": "…"}` can be a line of its own.
"""

from typing import Final

from tokenpulse.dialects.base import JsonDialect, Mark, Marks, Route
from tokenpulse.dialects.call_text import arguments_text
from tokenpulse.dialects.counts import read_counts
from tokenpulse.dialects.error_body import read_error
from tokenpulse.dialects.facts import (
    AnswerFacts,
    Content,
    EventFacts,
    JsonObject,
    RequestFacts,
    Usage,
    new_record,
)
from tokenpulse.dialects.openai_chat import model_of

MAX_CALLS: Final = 128
"""Most calls of one line that are looked at."""


def read_request(body: JsonObject) -> RequestFacts:
    """Return model and stream, which is True unless the body says otherwise."""
    model, stream = body.get("model"), body.get("stream")
    is_named = isinstance(model, str)
    is_streaming = stream if isinstance(stream, bool) else (True if stream is None else None)
    return new_record(
        RequestFacts,
        (model if is_named and model else None, is_streaming, 1, model is not None and not is_named),
    )


def read_usage(body: JsonObject) -> Usage | None:
    """Return the counts of an answer or of a stream's last line, None where neither is given."""
    (prompt, output), has_rejected = read_counts((body.get("prompt_eval_count"), body.get("eval_count")))
    if prompt is None and output is None and not has_rejected:
        return None
    return Usage(
        prompt, output, has_rejected=has_rejected, is_whole=prompt is not None and output is not None
    )


def _functions(message: JsonObject) -> list[JsonObject]:
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return []
    functions = [call.get("function") for call in calls[:MAX_CALLS] if isinstance(call, dict)]
    return [function for function in functions if isinstance(function, dict) and function.get("name")]


class OllamaChat(JsonDialect):
    """Read `/api/chat`."""

    name = "ollama-chat"
    operation = "chat"
    vendor: str | None = "ollama"
    routes: tuple[Route, ...] = (Route("/api/chat"),)
    marks = Marks(Mark.of("eval_count"), Mark.of("done_reason"), Mark.of("error"), b'"done":false')
    cut_keys: tuple[str, ...] = ("model", "done", "done_reason", "prompt_eval_count", "eval_count", "error")
    text_key = "content"
    request = staticmethod(read_request)

    def message(self, body: JsonObject) -> JsonObject:
        """Return the object that holds what was generated."""
        message = body.get("message")
        return message if isinstance(message, dict) else {}

    def content(self, message: JsonObject) -> Content:
        """Return what a message or a piece of it brings."""
        text = message.get(self.text_key)
        if text and isinstance(text, str):
            return Content.VISIBLE
        if _functions(message) or message.get("images") or message.get("image"):
            return Content.VISIBLE
        thinking = message.get("thinking")
        return Content.REASONING if thinking and isinstance(thinking, str) else Content.NONE

    def answer(self, body: JsonObject, is_failure: bool) -> AnswerFacts:
        """Return what a JSON answer says."""
        reason = body.get("done_reason")
        finish = reason if isinstance(reason, str) and reason else None
        return AnswerFacts(model_of(body), finish, read_usage(body), read_error(body, is_failure))

    def event(self, name: bytes, body: JsonObject) -> EventFacts:
        """Return what a line says."""
        content = self.content(self.message(body))
        error = read_error(body, name == b"error") if "error" in body or name else None
        if body.get("done") is not True:
            return new_record(EventFacts, (content, None, (), error, model_of(body), False))
        reason = body.get("done_reason")
        finishes = ((0, reason),) if isinstance(reason, str) and reason else ()
        return EventFacts(content, read_usage(body), finishes, error, model_of(body), is_terminal=True)

    def text(self, body: JsonObject) -> str:
        """Return thinking, text, call arguments."""
        message = self.message(body)
        texts = [message.get("thinking"), message.get(self.text_key)]
        arguments = [arguments_text(function.get("arguments")) for function in _functions(message)]
        return "".join([text for text in texts if isinstance(text, str)] + arguments)


class OllamaGenerate(OllamaChat):
    """Read `/api/generate`: like chat, but a line holds its text itself."""

    name = "ollama-generate"
    operation = "text_completion"
    routes = (Route("/api/generate"),)
    text_key = "response"

    def message(self, body: JsonObject) -> JsonObject:
        """Return the body itself."""
        return body
