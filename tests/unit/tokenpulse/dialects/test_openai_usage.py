"""What usage objects of OpenAI's shape mean, whoever sends them."""

from typing import Any

import pytest

from tokenpulse.dialects.facts import Usage
from tokenpulse.dialects.openai_usage import read_usage
from tokenpulse_shared.counters import MAX_COUNT


def whole(*numbers: int | None, **more: Any) -> Usage:
    return Usage(*numbers, **more, is_whole=True)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 4}, whole(3, 4)),
        ({"input_tokens": 3, "output_tokens": 4}, whole(3, 4)),
        ({"prompt_tokens": 3}, Usage(3)),
        (
            {
                "prompt_tokens": 30,
                "completion_tokens": 20,
                "total_tokens": 50,
                "prompt_tokens_details": {"cached_tokens": 10, "audio_tokens": 1, "cache_write_tokens": 5},
                "completion_tokens_details": {"reasoning_tokens": 15, "audio_tokens": 2},
            },
            whole(30, 20, 10, 15, tokens_cache_write=5, tokens_audio_input=1, tokens_audio_output=2),
        ),
        (
            {
                "input_tokens": 30,
                "input_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 5},
                "output_tokens": 20,
                "output_tokens_details": {"reasoning_tokens": 15},
                "total_tokens": 50,
            },
            whole(30, 20, 10, 15, tokens_cache_write=5),
        ),
        (
            {"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 0}, "num_cached_tokens": 2},
            Usage(3, None, 0),
        ),
        ({"prompt_tokens": 3, "prompt_tokens_details": None, "num_cached_tokens": 2}, Usage(3, None, 2)),
        ({"prompt_tokens": 3, "prompt_token_details": {"cached_tokens": 1}}, Usage(3, None, 1)),
        (
            {"prompt_tokens": 3, "prompt_cache_hit_tokens": 2, "prompt_cache_miss_tokens": 1},
            Usage(3, None, 2),
        ),
        ({"prompt_tokens": 3, "cached_tokens": 2}, Usage(3, None, 2)),
        (
            {"prompt_tokens": 9, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 4},
            Usage(9, None, 2, tokens_cache_write=4),
        ),
        ({"prompt_tokens": 9, "cache_creation_input_tokens": 0}, Usage(9)),
        ({"prompt_tokens": 3, "completion_tokens": 9, "reasoning_tokens": 5}, whole(3, 9, None, 5)),
    ],
)
def test_counts(usage: dict[str, Any], expected: Usage) -> None:
    """Every variant ends in the same numbers."""
    assert read_usage(usage) == expected


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (57, whole(30, 27, 10, 20)),
        (47, whole(40, 7, 10, 20)),
        (67, whole(40, 27, 10, 20)),
        (37, whole(30, 7, 10, 20)),
        (99, whole(30, 7, 10, 20)),
        (12, whole(30, 7, 10, 20)),
        (57.0, whole(30, 7, 10, 20)),
        (None, whole(30, 7, 10, 20)),
    ],
)
def test_what_input_and_output_leave_out(total: object, expected: Usage) -> None:
    """Reasoning or cache reads are added only when nothing else makes up the total."""
    usage = {
        "prompt_tokens": 30,
        "completion_tokens": 7,
        "total_tokens": total,
        "prompt_tokens_details": {"cached_tokens": 10},
        "completion_tokens_details": {"reasoning_tokens": 20},
    }

    assert read_usage(usage) == expected


@pytest.mark.parametrize(
    ("said", "nano_usd"),
    [
        ({"cost": 0.000123}, 123_000),
        ({"cost": 0}, 0),
        ({"cost": {"total_cost": 0.00503}}, 5_030_000),
        ({"cost": {"currency": "USD"}}, None),
        ({"cost_in_usd_ticks": 3530500}, 353_050),
    ],
)
def test_costs(said: dict[str, Any], nano_usd: int | None) -> None:
    """Costs that the response reports become nano-USD."""
    assert read_usage({"prompt_tokens": 3, **said}) == Usage(3, cost_nano_usd=nano_usd)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 3, "cost": -1.0}, Usage(3, has_rejected=True)),
        ({"prompt_tokens": 3, "cost": "free"}, Usage(3, has_rejected=True)),
        ({"prompt_tokens": 3, "cost": 1e300}, Usage(3, has_rejected=True)),
        ({"prompt_tokens": 3, "cost": True}, Usage(3, has_rejected=True)),
        ({"prompt_tokens": 3, "cost_in_usd_ticks": -1}, Usage(3, has_rejected=True)),
        ({"prompt_tokens": -1, "completion_tokens": 2}, Usage(None, 2, has_rejected=True)),
        ({"prompt_tokens": True, "completion_tokens": 2}, Usage(None, 2, has_rejected=True)),
        ({"prompt_tokens": 3.0, "completion_tokens": "4"}, Usage(has_rejected=True)),
        (
            {"prompt_tokens": MAX_COUNT, "completion_tokens": MAX_COUNT + 1},
            Usage(MAX_COUNT, has_rejected=True),
        ),
        ({"prompt_tokens": 3, "prompt_tokens_details": {"cache_write_tokens": -1}}, Usage(3)),
        ({"prompt_tokens": 3, "prompt_tokens_details": "odd", "completion_tokens_details": [1]}, Usage(3)),
        ({"total_tokens": 12}, Usage()),
        ({}, None),
        (None, None),
        ([3], None),
    ],
)
def test_what_cannot_be_a_count(usage: object, expected: Usage | None) -> None:
    """What cannot be a count is set aside, never taken for 0."""
    assert read_usage(usage) == expected


def test_a_total_never_makes_more_than_can_be_counted() -> None:
    """Reasoning is not added where the sum could not be kept."""
    usage = {
        "prompt_tokens": MAX_COUNT,
        "completion_tokens": 0,
        "total_tokens": MAX_COUNT + 1,
        "reasoning_tokens": 1,
    }

    assert read_usage(usage) == whole(MAX_COUNT, 0, None, 1)
