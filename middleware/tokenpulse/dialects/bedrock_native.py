"""Find who reads a model's own body on Bedrock.

Vendors without a dialect of their own (Llama, Titan, Mistral's and Claude's text completions) are put into
OpenAI's shape first.
"""

from typing import Final, NamedTuple

from tokenpulse.dialects.anthropic import AnthropicMessages
from tokenpulse.dialects.base import Dialect
from tokenpulse.dialects.bedrock_converse import BedrockConverse, is_converse
from tokenpulse.dialects.cohere_v1 import CohereV1
from tokenpulse.dialects.cohere_v2 import CohereV2
from tokenpulse.dialects.facts import JsonObject
from tokenpulse.dialects.openai_chat import OpenAIChat, choices_of

_ANTHROPIC: Final = AnthropicMessages()
_CONVERSE: Final = BedrockConverse()
_COHERE_V1: Final = CohereV1()
_COHERE_V2: Final = CohereV2()
_OPENAI: Final = OpenAIChat()

_COHERE_V1_KEYS: Final = frozenset(("event_type", "is_finished", "generation_id", "generations"))


class Native(NamedTuple):
    """Hold a body with the dialect that reads it.

    `input_lacks_cache`: whether the vendor leaves what a cache read out of its input tokens.
    """

    dialect: Dialect
    body: JsonObject
    input_lacks_cache: bool = True


class _Shape(NamedTuple):
    """Name the keys of a flat body; `entries`: the list whose first object holds text, reason, output."""

    marker: str
    entries: str | None
    text: str
    reason: str
    tokens_input: str = ""
    tokens_output: str = ""


_SHAPES: Final = (
    _Shape("generation", None, "generation", "stop_reason", "prompt_token_count", "generation_token_count"),
    _Shape("outputs", "outputs", "text", "stop_reason"),
    _Shape("results", "results", "outputText", "completionReason", "inputTextTokenCount", "tokenCount"),
    _Shape(
        *("outputText", None, "outputText", "completionReason"),
        *("inputTextTokenCount", "totalOutputTextTokenCount"),
    ),
    _Shape("inputTextTokenCount", None, "", "", "inputTextTokenCount"),
    _Shape("completion", None, "completion", "stop_reason"),
)
"""Llama; Mistral's text; Titan's answer, its stream, its embeddings; Claude's text completions."""


def whole_counts(counts: JsonObject) -> JsonObject:
    """Return 6.0 as 6: where a guardrail steps in, every number of the answer is sent so."""
    return {key: _whole(value) for key, value in counts.items()}


def native_of(body: JsonObject) -> Native:
    """Return a model's own answer, or an event of its stream, with who reads it."""
    usage = body.get("usage")
    if isinstance(usage, dict):
        body = {**body, "usage": whole_counts(usage)}
    kind = body.get("type")
    if isinstance(kind, str) and kind != "completion":
        return Native(_COHERE_V2 if "-" in kind else _ANTHROPIC, body)
    if "choices" in body:
        return Native(_OPENAI, {**body, "choices": _openai_choices(body)}, input_lacks_cache=False)
    if is_converse(body):
        return Native(_CONVERSE, body)
    if not _COHERE_V1_KEYS.isdisjoint(body):
        return Native(_COHERE_V1, body)
    if isinstance(body.get("message"), dict):
        return Native(_COHERE_V2, body)
    return Native(_OPENAI, _openai_body(body), input_lacks_cache=False)


def _openai_choices(body: JsonObject) -> list[JsonObject]:
    """Return the choices as OpenAI streams them; Mistral says `message` in a stream too, `stop_reason`."""
    choices: list[JsonObject] = []
    for choice in choices_of(body):
        text = choice.get("text")
        delta = choice.get("delta") or choice.get("message") or ({"content": text} if text else {})
        reason = choice.get("finish_reason") or choice.get("stop_reason")
        choices.append({"index": choice.get("index"), "delta": delta, "finish_reason": reason})
    return choices


def _openai_body(body: JsonObject) -> JsonObject:
    shape = next((shape for shape in _SHAPES if shape.marker in body), None)
    if shape is None:
        return {key: body[key] for key in ("error", "model", "usage") if key in body}
    entry = body
    if shape.entries is not None:
        entries = body[shape.entries]
        entry = entries[0] if isinstance(entries, list) and entries and isinstance(entries[0], dict) else {}
    usage = {
        "prompt_tokens": _whole(body.get(shape.tokens_input)),
        "completion_tokens": _whole(entry.get(shape.tokens_output)),
    }
    choice = {"delta": {"content": entry.get(shape.text)}, "finish_reason": entry.get(shape.reason)}
    return {"choices": [choice], "usage": usage if any(key is not None for key in usage.values()) else None}


def _whole(number: object) -> object:
    return int(number) if isinstance(number, float) and number.is_integer() else number
