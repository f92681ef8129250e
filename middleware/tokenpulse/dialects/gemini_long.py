"""Read what the ends of a long Gemini chunk or answer tell: content, finish reason, usage, model.

An image comes in one chunk, a megabyte of base64 in its `inlineData`; a signature of its thoughts can be as
long. Which of them it is, the beginning tells.
"""

import re
from typing import Final

from tokenpulse.dialects.facts import JsonObject
from tokenpulse.dialects.nested_object import last_object

_PART: Final = re.compile(
    rb'"(?:text"\s*:\s*"[^"]|(?:inlineData|inline_data|functionCall|function_call|executableCode)"\s*:\s*\{)'
)
_THOUGHT: Final = re.compile(rb'"thought"\s*:\s*true')
_FINISH: Final = re.compile(rb'"(?:finishReason|finish_reason)"\s*:\s*(?:"(\w+)"|(\d{1,3})\b)')
_MODEL: Final = re.compile(rb'"(?:modelVersion|model_version)"\s*:\s*"([\w./@:-]{1,256})"')
_USAGE: Final = ("usageMetadata", "usage_metadata")
_KEPT_PART: Final = {"data": "…"}
"""Stands for content that is known to be there and was not kept; as media it has no text to count."""


def abridged_body(head: bytes, tail: bytes) -> JsonObject:
    """Return the facts shaped as a chunk of one candidate; a key is absent when neither end tells it."""
    body: dict[str, object] = {"candidates": [_candidate(head, tail)]}
    for key in _USAGE:
        usage = last_object(tail, key)
        if usage is not None:
            body["usageMetadata"] = usage
    model = _last(_MODEL, tail) or _last(_MODEL, head)
    if model is not None:
        body["modelVersion"] = model[1].decode()
    return body


def _candidate(head: bytes, tail: bytes) -> JsonObject:
    candidate: dict[str, object] = {}
    if _PART.search(head):
        part = {"inlineData": _KEPT_PART, "thought": _THOUGHT.search(head) is not None}
        candidate["content"] = {"parts": [part]}
    finish = _last(_FINISH, tail)
    if finish is not None:
        candidate["finishReason"] = finish[1].decode() if finish[1] else int(finish[2])
    return candidate


def _last(pattern: re.Pattern[bytes], text: bytes) -> re.Match[bytes] | None:
    return next(reversed(list(pattern.finditer(text))), None)
