"""Gemini's generateContent, as the Gemini API, Vertex AI, Code Assist send it.

A stream is server-sent events or one JSON array; there is no terminator: finish reasons end it. A blocked
prompt is answered with status 200, no candidates and `promptFeedback.blockReason`. Code Assist wraps each
answer in `{"response": …}`.
"""

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
from tokenpulse.dialects.gemini_long import abridged_body
from tokenpulse.dialects.gemini_parts import part_content, part_text, parts_of
from tokenpulse.dialects.gemini_usage import read_usage
from tokenpulse.dialects.openai_chat import MAX_CHOICES, index_of

_COLLECTIONS: Final = ("models", "tunedModels", "endpoints")
_WHOLE: Final = ":generateContent"
_STREAM: Final = ":streamGenerateContent"
_CODE_ASSIST: Final = "/v1internal"


def _inner(body: JsonObject, key: str, camel: str, snake: str) -> object:
    """Return a value of a nested object that may be spelled in two ways."""
    nested = body.get(key)
    if not isinstance(nested, dict):
        return None
    value = nested.get(camel)
    return nested.get(snake) if value is None else value


def read_request(body: JsonObject) -> RequestFacts:
    """Return the candidates asked for, and a model that the body names besides the path.

    Of a resource name (`models/gemini-2.5-flash`) only the last part is the model's id.
    """
    model = body.get("model")
    nested = body.get("request")
    generation = nested if isinstance(nested, dict) and "contents" not in body else body
    choices = _inner(generation, "generationConfig", "candidateCount", "candidate_count")
    if choices is None:
        choices = _inner(generation, "generation_config", "candidateCount", "candidate_count")
    return RequestFacts(
        model.rpartition("/")[2] or None if isinstance(model, str) else None,
        None,
        choices if type(choices) is int and 1 <= choices <= MAX_CHOICES else 1,
        model is not None and not isinstance(model, str),
    )


def unwrapped(body: JsonObject) -> JsonObject:
    """Return the answer, out of Code Assist's wrapper if it is in one."""
    if "candidates" in body or "error" in body:
        return body
    inner = body.get("response")
    return inner if isinstance(inner, dict) else body


def candidates_of(body: JsonObject) -> list[JsonObject]:
    """Return the candidates that are objects."""
    candidates = body.get("candidates")
    if not isinstance(candidates, list):
        return []
    return [candidate for candidate in candidates[:MAX_CHOICES] if isinstance(candidate, dict)]


def _reason(value: object) -> str | None:
    """Return a name of the API's enum; its number as digits, where 0 means not said."""
    if type(value) is int and value > 0:
        return str(value)
    return value if isinstance(value, str) and value else None


def finish_of(candidate: JsonObject) -> str | None:
    """Return a candidate's finish reason, None while it goes on."""
    reason = candidate.get("finishReason")
    return _reason(candidate.get("finish_reason") if reason is None else reason)


def usage_of(body: JsonObject) -> Usage | None:
    """Return the usage of an answer or a chunk."""
    usage = body.get("usageMetadata")
    return read_usage(body.get("usage_metadata") if usage is None else usage)


def model_of(body: JsonObject) -> str | None:
    """Return the model version the answer names."""
    model = body.get("modelVersion") or body.get("model_version")
    return model if isinstance(model, str) else None


def block_of(body: JsonObject) -> ErrorFacts | None:
    """Return the refusal of a prompt, None when there are candidates or no reason is given."""
    if body.get("candidates"):
        return None
    reason = _inner(body, "promptFeedback", "blockReason", "block_reason")
    if reason is None:
        reason = _inner(body, "prompt_feedback", "blockReason", "block_reason")
    told = _reason(reason)
    return None if told is None else ErrorFacts(message=f"prompt blocked: {told}", is_callers=True)


class GeminiGenerate(JsonDialect):
    """Read generateContent and streamGenerateContent."""

    name = "gemini-generate"
    operation = "chat"
    vendor: str | None = "google"
    routes: tuple[Route, ...] = (
        *(Route(f"/{kind}/{{model}}{_WHOLE}", is_stream=False) for kind in _COLLECTIONS),
        *(Route(f"/{kind}/{{model}}{_STREAM}", is_stream=True) for kind in _COLLECTIONS),
        Route(_CODE_ASSIST + _WHOLE, is_stream=False),
        Route(_CODE_ASSIST + _STREAM, is_stream=True),
    )
    # Without the closing quote, so that `usage_metadata` and `finish_reason` are found too.
    marks = Marks(
        Mark(b'"usage', b'"usageMetadata":null', b'"usageMetadata": null'),
        Mark(b'"finish', b'"finishReason":null', b'"finishReason": null'),
        Mark.of("error"),
        b'"parts"',
    )
    request = staticmethod(read_request)

    def answer(self, body: JsonObject, is_failure: bool) -> AnswerFacts:
        """Return what a JSON answer says; its finish reason is that of the first candidate."""
        body = unwrapped(body)
        reasons = [finish_of(candidate) for candidate in candidates_of(body)]
        error = read_error(body, is_failure) or block_of(body)
        return AnswerFacts(model_of(body), reasons[0] if reasons else None, usage_of(body), error)

    def event(self, name: bytes, body: JsonObject) -> EventFacts:
        """Return what a chunk says."""
        body = unwrapped(body)
        content = Content.NONE
        finishes: tuple[tuple[int, str], ...] = ()
        candidates = candidates_of(body)
        for candidate in candidates:
            for part in parts_of(candidate):
                content = max(content, part_content(part))
            reason = finish_of(candidate)
            if reason is not None:
                finishes += ((index_of(candidate), reason),)
        error = block = None
        if not candidates or "error" in body:
            block = block_of(body)
            error = read_error(body, name == b"error") or block
        return new_record(
            EventFacts, (content, usage_of(body), finishes, error, model_of(body), block is not None)
        )

    def text(self, body: JsonObject) -> str:
        """Return the text of every candidate."""
        candidates = candidates_of(unwrapped(body))
        return "".join(part_text(part) for candidate in candidates for part in parts_of(candidate))

    def abridged(self, head: bytes, tail: bytes) -> JsonObject | None:
        """Return what the ends of a long chunk or answer tell: generated images make them long."""
        return abridged_body(head, tail)
