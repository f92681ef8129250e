"""Cohere's usage: tokens seen, units billed."""

import pytest

from tokenpulse.dialects.cohere_usage import read_usage
from tokenpulse.dialects.facts import Usage


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            {
                "billed_units": {"input_tokens": 8, "output_tokens": 4},
                "tokens": {"input_tokens": 1394, "output_tokens": 6, "reasoning_tokens": 2},
                "cached_tokens": 1300,
            },
            Usage(1394, 6, 1300, is_whole=True, billed_input=8, billed_output=4),
        ),
        ({"tokens": {"input_tokens": 70}}, Usage(70)),
        (
            {"billed_units": {"input_tokens": 8, "output_tokens": 4}},
            Usage(8, 4, is_whole=True, billed_input=8, billed_output=4),
        ),
        ({"billed_units": {"input_tokens": 8}}, Usage(8, billed_input=8)),
        ({"tokens": {}, "billed_units": {"output_tokens": 4}}, Usage(None, 4, billed_output=4)),
        ({"tokens": {"input_tokens": -1, "output_tokens": 4}}, Usage(None, 4, has_rejected=True)),
        ({"tokens": {"input_tokens": "8"}}, Usage(has_rejected=True)),
        ({"billed_units": {"search_units": 1}}, None),
        ({"tokens": "odd", "billed_units": [1]}, None),
        ({"api_version": {"version": "2"}}, None),
        ({}, None),
        (None, None),
        ("odd", None),
    ],
)
def test_usage(usage: object, expected: Usage | None) -> None:
    """What the model saw comes first; where only billed units are stated, they are the counts."""
    assert read_usage(usage) == expected
