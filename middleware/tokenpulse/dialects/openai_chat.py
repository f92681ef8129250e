"""OpenAI chat completions, as OpenAI and everyone compatible with it sends them."""

from typing import Final

from tokenpulse.dialects.base import JsonDialect, Mark, Marks, Route
from tokenpulse.dialects.error_body import read_error
from tokenpulse.dialects.facts import (
    AnswerFacts,
    Content,
    ErrorFacts,
    EventFacts,
    JsonObject,
    RequestFacts,
    Usage,
    new_record,
)
from tokenpulse.dialects.openai_chat_content import delta_content, message_text
from tokenpulse.dialects.openai_usage import read_usage
from tokenpulse.framing.json_ends import joined_ends

_FAILED: Final = frozenset(("error", "abort", "insufficient_system_resource"))
"""Finish reasons of answers that were broken off: OpenRouter's, vLLM's, DeepSeek's."""

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
    """Return the entries of `choices` that are objects, at most `MAX_CHOICES`."""
    choices = body.get("choices")
    if not isinstance(choices, list):
        return []
    if len(choices) == 1 and isinstance(choices[0], dict):
        return choices
    return [choice for choice in choices[:MAX_CHOICES] if isinstance(choice, dict)]


def index_of(choice: JsonObject) -> int:
    """Return which of the answers a choice belongs to; 0 where it does not say, or cannot be."""
    index = choice.get("index")
    return index if type(index) is int and 0 <= index < MAX_CHOICES else 0


def usage_of(body: JsonObject) -> Usage | None:
    """Return the usage of an answer or a chunk: its own, Groq's `x_groq.usage`, Moonshot's in the first choice."""
    usage = read_usage(body.get("usage"))
    if usage is None:
        groq = body.get("x_groq")
        if isinstance(groq, dict):
            usage = read_usage(groq.get("usage"))
    if usage is None:
        usage = next((read_usage(choice.get("usage")) for choice in choices_of(body)), None)
    return usage


def error_of(body: JsonObject, is_failure: bool, reasons: list[str]) -> ErrorFacts | None:
    """Return the error of an answer or a chunk; some finish reasons alone are one."""
    error = read_error(body, is_failure)
    if error is None and not _FAILED.isdisjoint(reasons):
        nested = (read_error(choice, is_failure=False) for choice in choices_of(body))
        error = next((found for found in nested if found is not None), ErrorFacts())
    return error


def _may_fail(body: JsonObject) -> bool:
    """Return False only if a body of status 200 surely holds no error of its own."""
    return "error" in body or "base_resp" in body or body.get("object") == "error"


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
    if is_failure or _may_fail(body) or not _FAILED.isdisjoint(reasons):
        error = error_of(body, is_failure, reasons)
    return new_record(AnswerFacts, (model_of(body), reasons[0] if reasons else None, usage_of(body), error))


class OpenAIChat(JsonDialect):
    """Read chat completions."""

    name = "openai-chat"
    operation = "chat"
    routes: tuple[Route, ...] = (
        Route("/deployments/{model}/chat/completions", label="/v1/chat/completions"),
        Route("/chat/completions", label="/v1/chat/completions"),
        Route("/agents/completions", label="/v1/agents/completions"),
        Route("/fim/completions", operation="text_completion", label="/v1/fim/completions"),
    )
    marks = Marks(Mark.of("usage"), Mark.of("finish_reason"), Mark.of("error"), b'"delta"')
    request = staticmethod(read_request)
    answer = staticmethod(read_answer)

    def abridged(self, head: bytes, tail: bytes) -> JsonObject | None:
        """Return what the ends of a too long chunk or answer tell."""
        return joined_ends(head, tail)

    def content(self, choice: JsonObject) -> Content:
        """Return what a chunk's choice brings."""
        delta = choice.get("delta")
        return delta_content(delta) if isinstance(delta, dict) else Content.NONE

    def event(self, name: bytes, body: JsonObject) -> EventFacts:
        """Return what a chunk says."""
        content = Content.NONE
        finishes: tuple[tuple[int, str], ...] = ()
        for choice in choices_of(body):
            brought = self.content(choice)
            if brought > content:
                content = brought
            reason = choice.get("finish_reason")
            if reason and isinstance(reason, str):
                finishes += ((index_of(choice), reason),)
        error = None
        if finishes or name == b"error" or _may_fail(body):
            error = error_of(body, name == b"error", [reason for _, reason in finishes])
        usage = usage_of(body) if finishes or body.get("usage") is not None or "x_groq" in body else None
        return new_record(EventFacts, (content, usage, finishes, error, model_of(body), False))

    def text(self, body: JsonObject) -> str:
        """Return the text of every choice; of a chunk only what is new (Perplexity repeats the whole message)."""
        return "".join(map(self.choice_text, choices_of(body)))

    def choice_text(self, choice: JsonObject) -> str:
        """Return the text of a choice."""
        message = choice.get("delta" if "delta" in choice else "message")
        return message_text(message) if isinstance(message, dict) else ""
