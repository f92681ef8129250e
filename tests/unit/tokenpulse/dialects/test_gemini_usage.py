"""Gemini's usage metadata in all its variants."""

from typing import Any

import pytest

from tokenpulse.dialects.facts import Usage
from tokenpulse.dialects.gemini_usage import read_usage
from tokenpulse_shared.counters import MAX_COUNT


def told(*numbers: int | None, **more: Any) -> Usage:
    return Usage(*numbers, output_lacks_reasoning=True, **more)  # type: ignore[arg-type]  # counts first


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"promptTokenCount": 7}, told(7)),
        ({"promptTokenCount": 7, "totalTokenCount": 7}, told(7)),
        (
            {"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10},
            told(7, 3, is_whole=True),
        ),
        ({"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 12}, told(7, 3)),
        (
            {
                "promptTokenCount": 7,
                "candidatesTokenCount": 3,
                "thoughtsTokenCount": 20,
                "cachedContentTokenCount": 5,
                "totalTokenCount": 30,
            },
            told(7, 3, 5, 20, is_whole=True),
        ),
        (
            {
                "promptTokenCount": 7,
                "toolUsePromptTokenCount": 100,
                "candidatesTokenCount": 3,
                "totalTokenCount": 110,
            },
            told(107, 3, is_whole=True),
        ),
        ({"toolUsePromptTokenCount": 100}, told(100)),
        ({"thoughtsTokenCount": 20}, told(None, None, None, 20)),
        (
            {"prompt_token_count": 7, "candidates_token_count": 3, "total_token_count": 10, "other": 1},
            told(7, 3, is_whole=True),
        ),
        ({"promptTokenCount": -1, "candidatesTokenCount": 3}, told(None, 3, has_rejected=True)),
        ({"promptTokenCount": "7", "candidatesTokenCount": True}, told(has_rejected=True)),
        (
            {"promptTokenCount": MAX_COUNT, "toolUsePromptTokenCount": 1, "candidatesTokenCount": 2},
            told(None, 2, has_rejected=True),
        ),
        ({"trafficType": "ON_DEMAND"}, None),
        ({"totalTokenCount": 88759}, None),
        ({}, None),
        (None, None),
        ([7], None),
    ],
)
def test_usage(usage: object, expected: Usage | None) -> None:
    """Input takes in what tools fed back; thoughts stand apart; a usage whose parts make the total is whole."""
    assert read_usage(usage) == expected


def test_thoughts_without_an_answer() -> None:
    """An answer cut short while the model thought has thoughts for its only output."""
    usage = read_usage({"promptTokenCount": 7, "thoughtsTokenCount": 20, "totalTokenCount": 27})

    assert usage is not None
    assert usage.normalised().tokens_output == 20


@pytest.mark.parametrize(
    ("details", "heard", "spoken"),
    [
        ({"promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 40}]}, 40, None),
        (
            {
                "promptTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 2},
                    {"modality": 4, "tokenCount": 40},
                    {"modality": "AUDIO", "tokenCount": 5},
                ],
                "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 30}],
            },
            15,
            None,
        ),
        (
            {
                "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 4}],
                "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 5}],
            },
            0,
            None,
        ),
        ({"candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 9}]}, None, 9),
        ({"candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": -9}, 7, {}]}, None, None),
        ({"candidatesTokensDetails": "odd"}, None, None),
    ],
)
def test_audio(details: dict[str, Any], heard: int | None, spoken: int | None) -> None:
    """Audio is told by its modality's name or number; what of it came out of a cache counts as cached."""
    usage = read_usage({"promptTokenCount": 60, **details})

    assert usage == told(60, tokens_audio_input=heard, tokens_audio_output=spoken)


def test_merging_a_stream() -> None:
    """Counts are cumulative, so the last one wins; what the last chunk leaves out stays as it was."""
    first = read_usage({"promptTokenCount": 9, "cachedContentTokenCount": 4, "totalTokenCount": 9})
    last = read_usage({"promptTokenCount": 8, "candidatesTokenCount": 3})

    assert last is not None
    assert last.over(first) == told(8, 3, 4)
