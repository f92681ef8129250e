"""What Bedrock's counts mean: Converse's usage, an invocation's metrics, response headers."""

from typing import Any

import pytest

from tokenpulse.dialects.bedrock_usage import read_converse_usage, read_header_usage, read_metrics
from tokenpulse.dialects.facts import Usage

WHOLE = Usage(input_lacks_cache=True, is_whole=True)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10, "serverToolUsage": {}},
            WHOLE._replace(tokens_input=7, tokens_output=3),
        ),
        (
            {"inputTokens": 7, "cacheReadInputTokens": 90, "cacheWriteInputTokens": 0},
            WHOLE._replace(tokens_input=7, tokens_cached=90, tokens_cache_write=0, tokens_cache_write_1h=0),
        ),
        (
            {"cacheReadInputTokenCount": 90, "cacheWriteInputTokenCount": 20},
            WHOLE._replace(tokens_cached=90, tokens_cache_write=20),
        ),
        (
            {"cacheWriteInputTokens": 20, "cacheDetails": [{"ttl": "5m", "inputTokens": 20}]},
            WHOLE._replace(tokens_cache_write=20, tokens_cache_write_1h=0),
        ),
        (
            {
                "cacheWriteInputTokens": 20,
                "cacheDetails": ["odd", {"ttl": "5m", "inputTokens": 5}, {"ttl": "1h", "inputTokens": 15}],
            },
            WHOLE._replace(tokens_cache_write=20, tokens_cache_write_1h=15),
        ),
        ({"outputTokens": 3, "cacheDetails": []}, WHOLE._replace(tokens_output=3)),
        ({"inputTokens": -7, "outputTokens": 3}, WHOLE._replace(tokens_output=3, has_rejected=True)),
        ({"inputTokens": "7"}, WHOLE._replace(has_rejected=True)),
        ({"totalTokens": 10}, None),
        ({}, None),
        (None, None),
    ],
)
def test_converse_usage(usage: Any, expected: Usage | None) -> None:
    """Input lacks what a cache read or wrote; both spellings of the cache's counts are read."""
    assert read_converse_usage(usage) == expected


def test_metrics() -> None:
    """The metrics of an invocation leave room for what only the model's own usage tells."""
    metrics = {
        "inputTokenCount": 7,
        "outputTokenCount": 3,
        "invocationLatency": 900,
        "cacheReadInputTokenCount": 90,
        "cacheWriteInputTokenCount": 20,
    }

    assert read_metrics(metrics) == Usage(
        tokens_input=7, tokens_output=3, tokens_cached=90, tokens_cache_write=20, input_lacks_cache=True
    )
    assert read_metrics({"invocationLatency": 900}) is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            [
                (b"x-amzn-requestid", b"r-1"),
                (b"x-amzn-bedrock-input-token-count", b"7"),
                (b"x-amzn-bedrock-output-token-count", b" 3 "),
                (b"x-amzn-bedrock-cache-read-input-token-count", b"90"),
                (b"x-amzn-bedrock-cache-write-input-token-count", b"20"),
            ],
            WHOLE._replace(tokens_input=7, tokens_output=3, tokens_cached=90, tokens_cache_write=20),
        ),
        ([(b"x-amzn-bedrock-input-token-count", b"7")], WHOLE._replace(tokens_input=7)),
        ([(b"x-amzn-bedrock-input-token-count", b"-7")], WHOLE._replace(has_rejected=True)),
        ([(b"x-amzn-bedrock-output-token-count", b"9" * 5000)], WHOLE._replace(has_rejected=True)),
        ([(b"x-amzn-bedrock-invocation-latency", b"7")], None),
        ([], None),
    ],
)
def test_header_usage(headers: list[tuple[bytes, bytes]], expected: Usage | None) -> None:
    """Headers count as well; what is no count is set aside, however long it is."""
    assert read_header_usage(headers) == expected
