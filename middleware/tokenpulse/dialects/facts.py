"""What a dialect tells about a request, an answer, an event of a stream."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, NamedTuple

JsonObject = Mapping[str, object]

new_record: Final = tuple.__new__
"""Makes a NamedTuple from all its fields in a third of the time its constructor takes (0.1 µs against 0.3)."""


class Content(IntEnum):
    """Tell what an event brings the reader: nothing, reasoning, or something visible."""

    NONE = 0
    REASONING = 1
    VISIBLE = 2


class RequestFacts(NamedTuple):
    """Tell what the caller asked for; `model` is None when the body names none, or names it by no text."""

    model: str | None = None
    is_streaming: bool | None = None
    choices: int = 1
    has_bad_model: bool = False


class Usage(NamedTuple):
    """Count tokens as the wire gives them, with what is needed to make them tokenpulse's counts.

    None: not said. `has_rejected`: a number was there that cannot be one (negative, fraction, too large).
    `tokens_cache_write` includes its one-hour part. `input_lacks_cache`: cache reads and writes are not in
    `tokens_input`; `output_lacks_reasoning` likewise. `is_whole`: an older usage of the stream adds nothing.
    """

    tokens_input: int | None = None
    tokens_output: int | None = None
    tokens_cached: int | None = None
    tokens_reasoning: int | None = None
    cost_nano_usd: int | None = None
    has_rejected: bool = False
    tokens_cache_write: int | None = None
    tokens_cache_write_1h: int | None = None
    tokens_audio_input: int | None = None
    tokens_audio_output: int | None = None
    input_lacks_cache: bool = False
    output_lacks_reasoning: bool = False
    is_whole: bool = False
    billed_input: int | None = None
    """Tokens the provider bills where these are not the tokens its model saw (Cohere); of output likewise."""
    billed_output: int | None = None

    def over(self, older: "Usage | None") -> "Usage":
        """Return this usage, its gaps filled from an older one unless it is whole (last non-null wins)."""
        if older is None or self.is_whole:
            return self
        return Usage(
            _newer(self.tokens_input, older.tokens_input),
            _newer(self.tokens_output, older.tokens_output),
            _newer(self.tokens_cached, older.tokens_cached),
            _newer(self.tokens_reasoning, older.tokens_reasoning),
            _newer(self.cost_nano_usd, older.cost_nano_usd),
            self.has_rejected or older.has_rejected,
            _newer(self.tokens_cache_write, older.tokens_cache_write),
            _newer(self.tokens_cache_write_1h, older.tokens_cache_write_1h),
            _newer(self.tokens_audio_input, older.tokens_audio_input),
            _newer(self.tokens_audio_output, older.tokens_audio_output),
            self.input_lacks_cache,
            self.output_lacks_reasoning,
            older.is_whole,
            _newer(self.billed_input, older.billed_input),
            _newer(self.billed_output, older.billed_output),
        )

    def normalised(self) -> "Usage":
        """Return input with cache reads and writes, output with reasoning.

        Anthropic's 10 input, 90 read, 20 written make 120 input.
        """
        tokens_input, tokens_output = self.tokens_input, self.tokens_output
        if self.input_lacks_cache and tokens_input is not None:
            tokens_input += (self.tokens_cached or 0) + (self.tokens_cache_write or 0)
        if self.output_lacks_reasoning and (tokens_output is not None or self.tokens_reasoning is not None):
            tokens_output = (tokens_output or 0) + (self.tokens_reasoning or 0)
        return self._replace(
            tokens_input=tokens_input,
            tokens_output=tokens_output,
            input_lacks_cache=False,
            output_lacks_reasoning=False,
        )


def _newer(mine: int | None, older: int | None) -> int | None:
    return older if mine is None else mine


class ErrorFacts(NamedTuple):
    """Tell how a provider names its error; texts are as sent, not yet masked; None means not said.

    `is_callers`: the caller's prompt was refused, which is no fault of the provider.
    """

    type: str | None = None
    code: str | None = None
    message: str | None = None
    is_callers: bool = False


class AnswerFacts(NamedTuple):
    """Tell what a whole JSON answer says."""

    model: str | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    error: ErrorFacts | None = None


class EventFacts(NamedTuple):
    """Tell what one event of a stream says; `finishes` holds (choice, reason) pairs.

    `is_terminal`: the answer is complete, whatever else may follow.
    """

    content: Content = Content.NONE
    usage: Usage | None = None
    finishes: tuple[tuple[int, str], ...] = ()
    error: ErrorFacts | None = None
    model: str | None = None
    is_terminal: bool = False


NO_FACTS: Final = EventFacts()
"""What an event says that says nothing."""
