"""Bedrock's Converse: one shape for every model, in JSON or in AWS's event stream.

The framing names an event by its kind; where a gateway, or Nova's own answers, wrap it (`{"messageStop": …}`)
its key does. Usage comes after the end of the message, in `metadata`.
"""

from collections.abc import Callable
from typing import Final

from tokenpulse.dialects.base import JsonDialect, Mark, Marks, Route
from tokenpulse.dialects.bedrock_errors import error_type_of_headers, read_exception, read_failure
from tokenpulse.dialects.bedrock_usage import read_converse_usage
from tokenpulse.dialects.call_text import arguments_text
from tokenpulse.dialects.cut_text import first_text, text_pattern
from tokenpulse.dialects.facts import (
    NO_FACTS,
    AnswerFacts,
    Content,
    EventFacts,
    JsonObject,
    RequestFacts,
    new_record,
)

_BROUGHT: Final = (NO_FACTS, EventFacts(Content.REASONING), EventFacts(Content.VISIBLE))
_NO_REQUEST_FACTS: Final = RequestFacts()
_LONG_TEXT: Final = text_pattern("text", "input")
_MAX_BLOCKS: Final = 4096
"""Most content blocks of an answer whose text is taken."""


def _delta_content(delta: JsonObject) -> Content:
    """Return what a delta brings: text, a call's input, an image; reasoning; no signature, citation, result."""
    text = delta.get("text")
    if text and isinstance(text, str):
        return Content.VISIBLE
    call = delta.get("toolUse")
    if isinstance(call, dict) and call.get("input"):
        return Content.VISIBLE
    reasoning = delta.get("reasoningContent")
    if isinstance(reasoning, dict) and isinstance(reasoning.get("text"), str) and reasoning["text"]:
        return Content.REASONING
    return Content.VISIBLE if isinstance(delta.get("image"), dict) else Content.NONE


def _delta(body: JsonObject) -> EventFacts:
    delta = body.get("delta")
    return _BROUGHT[_delta_content(delta)] if isinstance(delta, dict) else NO_FACTS


def _block_start(body: JsonObject) -> EventFacts:
    start = body.get("start")
    call = start.get("toolUse") if isinstance(start, dict) else None
    return _BROUGHT[Content.VISIBLE] if isinstance(call, dict) and call.get("name") else NO_FACTS


def _stop(body: JsonObject) -> EventFacts:
    reason = _reason(body)
    return EventFacts(finishes=() if reason is None else ((0, reason),), is_terminal=True)


def _metadata(body: JsonObject) -> EventFacts:
    return EventFacts(usage=read_converse_usage(body.get("usage")), is_terminal=True)


def _reason(body: JsonObject) -> str | None:
    reason = body.get("stopReason")
    return reason if isinstance(reason, str) and reason else None


_READERS: Final[dict[str, Callable[[JsonObject], EventFacts]]] = {
    "messageStart": lambda _: NO_FACTS,
    "contentBlockStart": _block_start,
    "contentBlockDelta": _delta,
    "contentBlockStop": lambda _: NO_FACTS,
    "messageStop": _stop,
    "metadata": _metadata,
}
_READERS_BY_NAME: Final = {kind.encode(): reader for kind, reader in _READERS.items()}


def is_converse(body: JsonObject) -> bool:
    """Tell whether a body is an answer in Converse's shape, or an event of its stream under its key."""
    return "output" in body or not _READERS.keys().isdisjoint(body)


def _part_text(part: object) -> str:
    """Return the text of a delta or of a block of an answer."""
    if not isinstance(part, dict):
        return ""
    texts = [part.get("text")]
    reasoning = part.get("reasoningContent")
    if isinstance(reasoning, dict):
        whole = reasoning.get("reasoningText")
        texts.append(whole.get("text") if isinstance(whole, dict) else reasoning.get("text"))
    call = part.get("toolUse")
    called = arguments_text(call.get("input")) if isinstance(call, dict) else ""
    return "".join(text for text in texts if isinstance(text, str)) + called


class BedrockConverse(JsonDialect):
    """Read Converse."""

    name = "bedrock-converse"
    operation = "chat"
    vendor: str | None = "bedrock"
    routes = (
        Route("/model/{model}/converse", is_stream=False),
        Route("/model/{model}/converse-stream", is_stream=True),
    )
    marks = Marks(Mark.of("usage"), Mark.of("stopReason"), Mark.of("error"), b'"delta"')
    cut_keys = ("stopReason", "usage", "error", "__type", "message")

    def request(self, body: JsonObject) -> RequestFacts:
        """Return nothing: model and streaming stand in the path."""
        return _NO_REQUEST_FACTS

    def answer(self, body: JsonObject, is_failure: bool) -> AnswerFacts:
        """Return what an answer says; it names no model."""
        usage = read_converse_usage(body.get("usage"))
        return new_record(AnswerFacts, (None, _reason(body), usage, read_failure(body, is_failure)))

    def event(self, name: bytes, body: JsonObject) -> EventFacts:
        """Return what an event says."""
        reader = _READERS_BY_NAME.get(name)
        if reader is not None:
            return reader(body)
        for kind, wrapped_reader in _READERS.items():
            inner = body.get(kind)
            if isinstance(inner, dict):
                return wrapped_reader(inner)
        error = read_exception(name, body)
        return NO_FACTS if error is None else EventFacts(error=error)

    def text(self, body: JsonObject) -> str:
        """Return the text of an event or an answer."""
        event = body.get("contentBlockDelta", body)
        output = body.get("output")
        message = output.get("message") if isinstance(output, dict) else None
        blocks = message.get("content") if isinstance(message, dict) else None
        parts = [event.get("delta")] if isinstance(event, dict) else []
        if isinstance(blocks, list):
            parts += blocks[:_MAX_BLOCKS]
        return "".join(map(_part_text, parts))

    def header_error(self, headers: list[tuple[bytes, bytes]]) -> str | None:
        """Return the exception's name, None without."""
        return error_type_of_headers(headers)

    def abridged(self, head: bytes, tail: bytes) -> JsonObject | None:
        """Return what the ends tell; a delta too long to keep still brings the beginning of its text."""
        told = super().abridged(head, tail)
        found = first_text(head, _LONG_TEXT)
        if told is None or found is None or b'"delta"' not in head:
            return told
        key, text = found
        return {**told, "delta": {"text": text} if key == "text" else {"toolUse": {"input": text}}}
