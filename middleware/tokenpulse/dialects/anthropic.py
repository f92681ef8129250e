"""Anthropic messages, as Anthropic, Vertex, Azure and gateways that speak its protocol send them.

A stream: `message_start` (model, first usage), content blocks, `message_delta` (stop reason, the usage that
overrides the first one field by field), `message_stop`; `ping` and `error` anywhere.
"""

from collections.abc import Callable
from typing import Final

from tokenpulse.dialects.anthropic_usage import read_usage
from tokenpulse.dialects.base import JsonDialect, Mark, Marks, Route
from tokenpulse.dialects.call_text import arguments_text
from tokenpulse.dialects.cut_text import first_text, text_pattern
from tokenpulse.dialects.error_body import read_error
from tokenpulse.dialects.facts import (
    NO_FACTS,
    AnswerFacts,
    Content,
    EventFacts,
    JsonObject,
    Usage,
    new_record,
)
from tokenpulse.dialects.openai_chat import model_of, read_request

_ENDED: Final = EventFacts(is_terminal=True)
_BROUGHT: Final = (NO_FACTS, EventFacts(Content.REASONING), EventFacts(Content.VISIBLE))
_LONG_TEXT: Final = text_pattern("text", "partial_json", "thinking")

_VISIBLE_TEXTS: Final = ("text", "partial_json")
_HIDDEN_TEXTS: Final = ("thinking", "content")
"""`content` is that of a `compaction_delta`: the summary of a context, which the model wrote for itself."""

_MAX_BLOCKS: Final = 4096
"""Most content blocks of an answer whose text is taken."""


def _brought_by(part: JsonObject) -> Content:
    """Return what a delta or a block's start brings as text."""
    for key in _VISIBLE_TEXTS:
        text = part.get(key)
        if text and isinstance(text, str):
            return Content.VISIBLE
    for key in _HIDDEN_TEXTS:
        text = part.get(key)
        if text and isinstance(text, str):
            return Content.REASONING
    return Content.NONE


def _delta(body: JsonObject) -> EventFacts:
    delta = body.get("delta")
    return _BROUGHT[_brought_by(delta)] if isinstance(delta, dict) else NO_FACTS


def _block_start(body: JsonObject) -> EventFacts:
    """Return what a block's start says: a named call, opaque reasoning count; a tool's result does not."""
    block = body.get("content_block")
    if not isinstance(block, dict):
        return NO_FACTS
    kind = block.get("type")
    if not isinstance(kind, str):
        return NO_FACTS
    if kind.endswith("tool_use"):
        return _BROUGHT[Content.VISIBLE] if block.get("name") else NO_FACTS
    if kind == "redacted_thinking":
        return _BROUGHT[Content.REASONING]
    return _BROUGHT[_brought_by(block)] if kind in ("text", "thinking", "compaction") else NO_FACTS


def _message_start(body: JsonObject) -> EventFacts:
    message = body.get("message")
    if not isinstance(message, dict):
        return NO_FACTS
    usage = read_usage(message.get("usage"), is_first=True)
    return EventFacts(usage=usage, model=model_of(message))


def _message_delta(body: JsonObject) -> EventFacts:
    delta = body.get("delta")
    reason = _reason(delta) if isinstance(delta, dict) else None
    finishes = () if reason is None else ((0, reason),)
    return EventFacts(usage=read_usage(body.get("usage"), is_first=False), finishes=finishes)


def _error(body: JsonObject) -> EventFacts:
    return EventFacts(error=read_error(body, is_failure=True))


def _reason(body: JsonObject) -> str | None:
    reason = body.get("stop_reason")
    return reason if isinstance(reason, str) and reason else None


_READERS: Final[dict[str, Callable[[JsonObject], EventFacts]]] = {
    "content_block_delta": _delta,
    "content_block_start": _block_start,
    "message_start": _message_start,
    "message_delta": _message_delta,
    "message_stop": lambda _: _ENDED,
    "error": _error,
}


def _part_text(part: object) -> str:
    """Return the text of a delta, a block's start, a block of an answer."""
    if not isinstance(part, dict):
        return ""
    texts = [part.get(key) for key in (*_HIDDEN_TEXTS, *_VISIBLE_TEXTS)]
    call = part.get("input")
    return "".join(text for text in texts if isinstance(text, str)) + (arguments_text(call) if call else "")


class AnthropicMessages(JsonDialect):
    """Read messages."""

    name = "anthropic-messages"
    operation = "chat"
    vendor: str | None = "anthropic"
    routes = (
        Route("/v1/messages"),
        Route("/publishers/anthropic/models/{model}:rawPredict"),
        Route("/publishers/anthropic/models/{model}:streamRawPredict", is_stream=True),
    )
    marks = Marks(Mark.of("usage"), Mark.of("stop_reason"), Mark.of("error"), b'"content_block_delta"')
    cut_keys = ("type", "model", "stop_reason", "usage", "error")
    request = staticmethod(read_request)

    def answer(self, body: JsonObject, is_failure: bool) -> AnswerFacts:
        """Return what a message says."""
        usage: Usage | None = read_usage(body.get("usage"), is_first=True)
        error = None
        if is_failure or "error" in body:
            error = read_error(body, is_failure)
        return new_record(AnswerFacts, (model_of(body), _reason(body), usage, error))

    def event(self, name: bytes, body: JsonObject) -> EventFacts:
        """Return what an event says; its own type tells its kind, whatever the framing names it."""
        kind = body.get("type")
        reader = _READERS.get(kind) if isinstance(kind, str) else None
        if reader is not None:
            return reader(body)
        if name == b"error" or "error" in body:
            return EventFacts(error=read_error(body, is_failure=name == b"error"))
        return NO_FACTS

    def text(self, body: JsonObject) -> str:
        """Return the text of an event or a message; results of tools are no text of the model's."""
        blocks = body.get("content")
        parts = [body.get("delta"), body.get("content_block")]
        if isinstance(blocks, list):
            parts += blocks[:_MAX_BLOCKS]
        return "".join(map(_part_text, parts))

    def abridged(self, head: bytes, tail: bytes) -> JsonObject | None:
        """Return what the ends tell; a delta too long to keep still brings the beginning of its text."""
        told = super().abridged(head, tail)
        if told is None or told.get("type") != "content_block_delta":
            return told
        found = first_text(head, _LONG_TEXT)
        return told if found is None else {**told, "delta": dict([found])}
