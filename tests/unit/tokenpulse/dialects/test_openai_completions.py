"""What OpenAI-shaped text completions mean."""

from typing import Any

import pytest

from tokenpulse.dialects.facts import Content
from tokenpulse.dialects.openai_completions import OpenAICompletions

COMPLETIONS = OpenAICompletions()


@pytest.mark.parametrize(
    ("choice", "content", "text"),
    [
        ({"text": "a"}, Content.VISIBLE, "a"),
        ({"text": ""}, Content.NONE, ""),
        ({"text": None, "delta": {"content": "a"}}, Content.VISIBLE, "a"),
        ({"delta": {"content": ""}}, Content.NONE, ""),
        ({"text": 7}, Content.NONE, ""),
    ],
)
def test_content_of_a_choice(choice: dict[str, Any], content: Content, text: str) -> None:
    """A choice holds its text itself; one shaped as in chat is read as such."""
    assert COMPLETIONS.event(b"", {"choices": [choice]}).content == content
    assert COMPLETIONS.text({"choices": [choice]}) == text
