"""Gemini's usage metadata: cumulative on every chunk, thoughts apart from the candidates' tokens.

Input is `promptTokenCount` (cached content included) with `toolUsePromptTokenCount`, what Google's own tools
fed back to the model. Intermediate chunks may carry `{"trafficType": …}` alone, which counts nothing.
"""

from typing import Final

from tokenpulse.dialects.counts import read_counts, sum_of_counts
from tokenpulse.dialects.facts import JsonObject, Usage, new_record
from tokenpulse.dialects.numbers import is_count

_COUNTS: Final = (
    "promptTokenCount",
    "candidatesTokenCount",
    "cachedContentTokenCount",
    "thoughtsTokenCount",
    "toolUsePromptTokenCount",
    "totalTokenCount",
)
_SNAKE_CASE: Final = {
    "prompt_token_count": "promptTokenCount",
    "candidates_token_count": "candidatesTokenCount",
    "cached_content_token_count": "cachedContentTokenCount",
    "thoughts_token_count": "thoughtsTokenCount",
    "tool_use_prompt_token_count": "toolUsePromptTokenCount",
    "total_token_count": "totalTokenCount",
    "prompt_tokens_details": "promptTokensDetails",
    "candidates_tokens_details": "candidatesTokensDetails",
    "cache_tokens_details": "cacheTokensDetails",
}
"""Proxies that pass on the SDK's objects spell the names its way."""

_AUDIO: Final = ("AUDIO", 4)
"""The modality by name, and by its number in the API's enum (asked for with `enum-encoding=int`)."""

MAX_MODALITIES: Final = 16
"""Most entries looked at; the API knows five modalities."""


def read_usage(value: object) -> Usage | None:
    """Return a usage object, None if it is none or counts nothing.

    It is whole when its parts make up `totalTokenCount`: then no older chunk knows more.
    """
    if not isinstance(value, dict):
        return None
    usage: JsonObject = value
    if "total_token_count" in value or "prompt_token_count" in value:
        usage = {_SNAKE_CASE.get(str(key), str(key)): number for key, number in value.items()}
    counts, has_rejected = read_counts([usage.get(name) for name in _COUNTS])
    prompt, output, cached, thoughts, tool_use, total = counts
    if not has_rejected and prompt is output is cached is thoughts is tool_use is None:
        return None
    tokens_input = sum_of_counts(prompt, tool_use)
    is_too_large = prompt is not None and tokens_input is None
    parts = sum_of_counts(tokens_input, output, thoughts)
    is_whole = output is not None and total is not None and total == parts
    return new_record(
        Usage,
        (
            *(tokens_input, output, cached, thoughts, None, has_rejected or is_too_large, None, None),
            *(_audio_input(usage), _audio(usage.get("candidatesTokensDetails"))),
            *(False, True, is_whole, None, None),
        ),
    )


def _audio(details: object) -> int | None:
    """Return the tokens of audio among the entries by modality, None without any."""
    if not isinstance(details, list):
        return None
    total = None
    for entry in details[:MAX_MODALITIES]:
        if isinstance(entry, dict) and entry.get("modality") in _AUDIO:
            count = entry.get("tokenCount")
            total = sum_of_counts(total, count if is_count(count) else None)
    return total


def _audio_input(usage: JsonObject) -> int | None:
    """Return the audio tokens read anew: those out of a cache are counted with what is cached."""
    heard = _audio(usage.get("promptTokensDetails"))
    if heard is None:
        return None
    return max(0, heard - (_audio(usage.get("cacheTokensDetails")) or 0))
