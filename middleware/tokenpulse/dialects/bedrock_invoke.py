"""Bedrock's InvokeModel: each model's own protocol, a stream's events as base64 inside AWS's event stream.

What Bedrock itself counted (the last event's metrics, an answer's headers) goes before what the model says:
it is what AWS bills.
"""

from base64 import b64decode
from typing import Final

import orjson

from tokenpulse.dialects.base import JsonDialect, Mark, Marks, Route
from tokenpulse.dialects.bedrock_errors import error_type_of_headers, read_exception, read_failure
from tokenpulse.dialects.bedrock_native import native_of, whole_counts
from tokenpulse.dialects.bedrock_usage import read_header_usage, read_metrics
from tokenpulse.dialects.facts import AnswerFacts, EventFacts, JsonObject, Usage
from tokenpulse.dialects.openai_chat import read_request

_METRICS: Final = "amazon-bedrock-invocationMetrics"
_GUARDRAIL: Final = "amazon-bedrock-guardrailAction"
_INTERVENED: Final = "INTERVENED"
_BYTES: Final = Mark.of("bytes")


def _decoded(body: JsonObject) -> JsonObject:
    """Return the model's own JSON of a chunk, {} if it cannot be read; the body itself if it is no chunk."""
    encoded = body.get("bytes")
    if not isinstance(encoded, str):
        return body
    try:
        native = orjson.loads(b64decode(encoded))
    except ValueError:
        return {}
    return native if isinstance(native, dict) else {}


def _is_blocked(body: JsonObject) -> bool:
    """Tell whether a guardrail answered in the model's place."""
    return body.get(_GUARDRAIL) == _INTERVENED


class BedrockInvoke(JsonDialect):
    """Read InvokeModel."""

    name = "bedrock-invoke"
    operation = "chat"
    vendor: str | None = "bedrock"
    routes = (
        Route("/model/{model}/invoke", is_stream=False),
        Route("/model/{model}/invoke-with-response-stream", is_stream=True),
    )
    marks = Marks(_BYTES, _BYTES, Mark.of("error"), _BYTES.key)
    cut_keys = (
        *("type", "model", "stop_reason", "stopReason", "usage", "error", "__type", "message"),
        *("inputTextTokenCount", "prompt_token_count", "generation_token_count", "finish_reason"),
    )
    request = staticmethod(read_request)

    def answer(self, body: JsonObject, is_failure: bool) -> AnswerFacts:
        """Return what an answer says; a guardrail's action is the finish reason of one that has none."""
        if is_failure or "__type" in body:
            return AnswerFacts(error=read_failure(body, is_failure))
        native = native_of(body)
        told = native.dialect.answer(native.body, is_failure)
        usage = _billed(body, told.usage, native.input_lacks_cache)
        reason = told.finish_reason or (_INTERVENED if _is_blocked(body) else None)
        return told._replace(usage=usage, finish_reason=reason)

    def event(self, name: bytes, body: JsonObject) -> EventFacts:
        """Return what an event says; the one with the metrics is the last."""
        error = read_exception(name, body)
        if error is not None:
            return EventFacts(error=error)
        body = _decoded(body)
        native = native_of(body)
        told = native.dialect.event(b"", native.body)
        if _is_blocked(body):
            finishes = told.finishes or ((0, _INTERVENED),)
            told = told._replace(finishes=finishes, is_terminal=True)
        if _METRICS in body:
            usage = _billed(body, told.usage, native.input_lacks_cache)
            told = told._replace(usage=usage, is_terminal=True)
        return told

    def text(self, body: JsonObject) -> str:
        """Return the text of an event or an answer."""
        native = native_of(_decoded(body))
        return native.dialect.text(native.body)

    def header_usage(self, headers: list[tuple[bytes, bytes]]) -> Usage | None:
        """Return what Bedrock counted for an answer, None without."""
        return read_header_usage(headers)

    def header_error(self, headers: list[tuple[bytes, bytes]]) -> str | None:
        """Return the exception's name, None without."""
        return error_type_of_headers(headers)

    def abridged(self, head: bytes, tail: bytes) -> JsonObject | None:
        """Return what the ends of an answer tell; those of a chunk tell nothing."""
        return None if _BYTES.key in head[:64] else super().abridged(head, tail)


def _billed(body: JsonObject, usage: Usage | None, input_lacks_cache: bool) -> Usage | None:
    """Return the model's usage, overridden by what Bedrock counted where it says so."""
    counted = body.get(_METRICS)
    metrics = read_metrics(whole_counts(counted)) if isinstance(counted, dict) else None
    if metrics is None:
        return usage
    return metrics._replace(input_lacks_cache=input_lacks_cache).over(usage)
