"""OpenAI's older text completions: like chat, but a choice holds its text itself."""

from tokenpulse.dialects.base import Marks, Route
from tokenpulse.dialects.facts import Content, JsonObject, RequestFacts
from tokenpulse.dialects.openai_chat import MAX_CHOICES, OpenAIChat, read_request


class OpenAICompletions(OpenAIChat):
    """Read text completions; choices shaped as those of chat are read as such (Mistral's fill-in-the-middle)."""

    name = "openai-completions"
    operation = "text_completion"
    routes = (
        Route("/deployments/{model}/completions", label="/v1/completions"),
        Route("/completions", label="/v1/completions"),
    )
    marks = Marks(OpenAIChat.marks.usage, OpenAIChat.marks.finish, OpenAIChat.marks.error, b'"text"')

    def request(self, body: JsonObject) -> RequestFacts:
        """Return model, stream, and how many answers: `n` for each prompt of a list."""
        facts = read_request(body)
        prompts = body.get("prompt")
        # A list of numbers is one prompt, told as tokens.
        if not isinstance(prompts, list) or len(prompts) < 2 or not isinstance(prompts[0], str | list):
            return facts
        return facts._replace(choices=min(facts.choices * len(prompts), MAX_CHOICES))

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
