"""Token counts as Bedrock gives them: Converse's usage, the metrics of an invocation, response headers.

Input leaves out what a cache read or wrote, in all three.
"""

from collections.abc import Iterable
from typing import Final

from tokenpulse.dialects.counts import read_counts
from tokenpulse.dialects.facts import JsonObject, Usage, new_record

_CACHED: Final = ("cacheReadInputTokens", "cacheReadInputTokenCount")
_WRITTEN: Final = ("cacheWriteInputTokens", "cacheWriteInputTokenCount")
"""Converse's spelling, then that of the models' own answers (Nova); Converse sends both at times."""

_METRICS: Final = (
    "inputTokenCount",
    "outputTokenCount",
    "cacheReadInputTokenCount",
    "cacheWriteInputTokenCount",
)
_HEADERS: Final = (
    b"x-amzn-bedrock-input-token-count",
    b"x-amzn-bedrock-output-token-count",
    b"x-amzn-bedrock-cache-read-input-token-count",
    b"x-amzn-bedrock-cache-write-input-token-count",
)
_MAX_DETAILS: Final = 16
"""Most entries of `cacheDetails` looked at; there are two times to live."""


def _usage(numbers: Iterable[object], for_hour: object = None, *, is_whole: bool) -> Usage | None:
    """Return input, output, cached, written as usage, None if all are None."""
    counts, has_rejected = read_counts((*numbers, for_hour))
    tokens_input, tokens_output, cached, written, written_for_hour = counts
    if not has_rejected and tokens_input is tokens_output is cached is written is None:
        return None
    return new_record(
        Usage,
        (
            *(tokens_input, tokens_output, cached, None, None, has_rejected),
            *(
                written,
                0 if written == 0 else written_for_hour,
                None,
                None,
                True,
                False,
                is_whole,
                None,
                None,
            ),
        ),
    )


def _first_of(usage: dict[str, object], names: tuple[str, str]) -> object:
    value = usage.get(names[0])
    return usage.get(names[1]) if value is None else value


def _written_for_hour(details: object) -> object:
    """Return what was written to live an hour: 0 when `cacheDetails` tells of others only, None without it."""
    if not isinstance(details, list) or not details:
        return None
    entries = (entry for entry in details[:_MAX_DETAILS] if isinstance(entry, dict))
    return next((entry.get("inputTokens") for entry in entries if entry.get("ttl") == "1h"), 0)


def read_converse_usage(value: object) -> Usage | None:
    """Return Converse's usage object, None if it is none or counts nothing; it comes once, so it is whole."""
    if not isinstance(value, dict):
        return None
    return _usage(
        (
            value.get("inputTokens"),
            value.get("outputTokens"),
            _first_of(value, _CACHED),
            _first_of(value, _WRITTEN),
        ),
        _written_for_hour(value.get("cacheDetails")),
        is_whole=True,
    )


def read_metrics(metrics: JsonObject) -> Usage | None:
    """Return what `amazon-bedrock-invocationMetrics` counts; the model's own usage may tell more."""
    return _usage([metrics.get(name) for name in _METRICS], is_whole=False)


def read_header_usage(headers: list[tuple[bytes, bytes]]) -> Usage | None:
    """Return the counts of a response's headers, None without any. names: in lower case."""
    found: dict[bytes, object] = {}
    for name, value in headers:
        if name in _HEADERS:
            text = value.strip()
            # Twenty digits are beyond any count; more would only cost time to read.
            found[name] = int(text) if text.isdigit() and len(text) <= 20 else -1
    return _usage([found.get(name) for name in _HEADERS], is_whole=True) if found else None
