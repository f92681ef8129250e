"""What a stream has told so far."""

from tokenpulse.dialects.base import ErrorFacts, Usage


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
