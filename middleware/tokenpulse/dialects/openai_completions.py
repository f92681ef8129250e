"""OpenAI's older text completions: like chat, but a choice holds its text itself."""

from tokenpulse.dialects.base import Content, JsonObject
from tokenpulse.dialects.openai_chat import OpenAIChat


class OpenAICompletions(OpenAIChat):
    """Read text completions."""

    name = "openai-completions"
    operation = "text_completion"

    def content(self, choice: JsonObject) -> Content:
        """Return what a chunk's choice brings."""
        text = choice.get("text")
        return Content.VISIBLE if isinstance(text, str) and text else Content.NONE
