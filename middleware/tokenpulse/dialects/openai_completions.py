"""OpenAI's older text completions: like chat, but a choice holds its text itself."""

from tokenpulse.dialects.base import Marks, Route
from tokenpulse.dialects.facts import Content, JsonObject
from tokenpulse.dialects.openai_chat import OpenAIChat


class OpenAICompletions(OpenAIChat):
    """Read text completions; choices shaped as those of chat are read as such (Mistral's fill-in-the-middle)."""

    name = "openai-completions"
    operation = "text_completion"
    routes = (
        Route("/deployments/{model}/completions", label="/v1/completions"),
        Route("/completions", label="/v1/completions"),
    )
    marks = Marks(OpenAIChat.marks.usage, OpenAIChat.marks.finish, OpenAIChat.marks.error, b'"text"')

    def content(self, choice: JsonObject) -> Content:
        """Return what a chunk's choice brings."""
        text = choice.get("text")
        if not isinstance(text, str):
            return super().content(choice)
        return Content.VISIBLE if text else Content.NONE

    def choice_text(self, choice: JsonObject) -> str:
        """Return the text of a choice."""
        text = choice.get("text")
        return text if isinstance(text, str) else super().choice_text(choice)
