"""What Anthropic's usage objects count."""

from typing import Any

import pytest

from tokenpulse.dialects.anthropic_usage import read_usage
from tokenpulse.dialects.facts import Usage

LATER = Usage(input_lacks_cache=True)
FIRST = Usage(input_lacks_cache=True, is_whole=True)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"input_tokens": 12, "output_tokens": 1}, FIRST._replace(tokens_input=12, tokens_output=1)),
        (
            {"input_tokens": 12, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 20},
            FIRST._replace(tokens_input=12, tokens_cached=90, tokens_cache_write=20),
        ),
        (
            {
                "cache_creation_input_tokens": 20,
                "cache_creation": {"ephemeral_5m_input_tokens": 15, "ephemeral_1h_input_tokens": 5},
            },
            FIRST._replace(tokens_cache_write=20, tokens_cache_write_1h=5),
        ),
        (
            {"cache_creation": {"ephemeral_5m_input_tokens": 15, "ephemeral_1h_input_tokens": 5}},
            FIRST._replace(tokens_cache_write=20, tokens_cache_write_1h=5),
        ),
        (
            {"cache_creation_input_tokens": 0},
            FIRST._replace(tokens_cache_write=0, tokens_cache_write_1h=0),
        ),
        (
            {"output_tokens": 50, "output_tokens_details": {"thinking_tokens": 30}},
            FIRST._replace(tokens_output=50, tokens_reasoning=30),
        ),
        (
            {"input_tokens": 12, "cache_read_input_tokens": None, "cache_creation": None},
            FIRST._replace(tokens_input=12),
        ),
        (
            {"input_tokens": 3, "iterations": [{"input_tokens": 900}], "server_tool_use": {"x": 1}},
            FIRST._replace(tokens_input=3),
        ),
        ({"cost": 0.0031}, FIRST._replace(cost_nano_usd=3_100_000)),
        ({"input_tokens": 3, "cost": None}, FIRST._replace(tokens_input=3)),
        ({"input_tokens": 3, "cost": "free"}, FIRST._replace(tokens_input=3, has_rejected=True)),
        ({"input_tokens": -1, "output_tokens": 4.0}, FIRST._replace(has_rejected=True)),
        ({"input_tokens": True, "output_tokens": 4}, FIRST._replace(tokens_output=4, has_rejected=True)),
        ({"service_tier": "standard"}, None),
        ({}, None),
        (None, None),
        ([12], None),
    ],
)
def test_usage(usage: Any, expected: Usage | None) -> None:
    """Only the top level counts, and what `cache_creation` and `output_tokens_details` split it into."""
    assert read_usage(usage, is_first=True) == expected


@pytest.mark.parametrize(
    ("written", "is_whole"),
    [({"cache_creation_input_tokens": 0}, True), ({"cache_creation_input_tokens": 20}, False), ({}, False)],
)
def test_whole_later_usage(written: dict[str, int], is_whole: bool) -> None:
    """A later usage needs no older one when it gives all counts, and nothing written is left to be split."""
    usage = {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 3, **written}
    found = read_usage(usage, is_first=False)

    assert found is not None
    assert found.is_whole is is_whole


@pytest.mark.parametrize("missing", ["input_tokens", "output_tokens", "cache_read_input_tokens"])
def test_later_usage_with_gaps(missing: str) -> None:
    """A count that is not given again may stand in an older usage."""
    usage = {
        "input_tokens": 1,
        "output_tokens": 2,
        "cache_read_input_tokens": 3,
        "cache_creation_input_tokens": 0,
    }
    del usage[missing]
    found = read_usage(usage, is_first=False)

    assert found is not None
    assert found.is_whole is False


def test_later_usage_overrides_the_first() -> None:
    """Field by field the last number wins: 25 input of the start, 612 of the end; 40 read stay."""
    first = read_usage({"input_tokens": 25, "cache_read_input_tokens": 40, "output_tokens": 1}, is_first=True)
    later = read_usage({"input_tokens": 612, "output_tokens": 77}, is_first=False)

    assert later is not None
    merged = later.over(first)
    assert (merged.tokens_input, merged.tokens_cached, merged.tokens_output) == (612, 40, 77)
    assert merged.normalised().tokens_input == 652
