"""What a stream has told so far."""

from tokenpulse.dialects.facts import Content, ErrorFacts, EventFacts, Usage


class StreamFacts:
    """Hold what a stream has told so far; times are the clock's, None means not seen."""

    __slots__ = (
        "error",
        "finishes",
        "first_content_at",
        "first_visible_at",
        "given_up",
        "has_malformed",
        "is_terminated",
        "last_content_at",
        "model",
        "usage",
    )

    def __init__(self) -> None:
        self.first_content_at: float | None = None
        self.first_visible_at: float | None = None
        self.last_content_at: float | None = None
        self.usage: Usage | None = None
        self.finishes: dict[int, str] = {}
        self.error: ErrorFacts | None = None
        self.model: str | None = None
        self.is_terminated = False
        self.has_malformed = False
        self.given_up = 0

    def note(self, told: EventFacts, time: float) -> None:
        """Take over what the next event in the stream's order says."""
        content, usage, finishes, error, model, is_terminal = told
        if content is not Content.NONE:
            self.last_content_at = time
            if self.first_content_at is None:
                self.first_content_at = time
            if content is Content.VISIBLE and self.first_visible_at is None:
                self.first_visible_at = time
        if usage is not None:
            self.usage = usage.over(self.usage)
        for choice, reason in finishes:
            self.finishes[choice] = reason
        # The last error wins: `response.failed` says more than the `error` before it.
        self.error = error or self.error
        self.model = self.model or model
        self.is_terminated = self.is_terminated or is_terminal
