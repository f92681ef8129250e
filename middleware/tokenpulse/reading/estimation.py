"""Estimate output tokens where a response tells no usage; only when the operator asked for it.

Worked: 52 content events are 52 tokens by `events`; 131 characters are 33 by `characters` (a quarter, rounded up).
`events` suits servers that send a token an event (vLLM, SGLang), `characters` any; a tokenizer knows best.
Input tokens are never estimated.
"""

from collections.abc import Callable
from typing import Final, Literal

from tokenpulse.dialects.numbers import is_count

EstimateMode = Literal["off", "events", "characters"]

Tokenizer = Callable[[str, str | None], int]
"""Counts the tokens of a text, for the model asked for (None: none was named). A long answer comes in parts."""

CHARACTERS_PER_TOKEN: Final = 4
"""Rule of thumb for English text; other languages have fewer."""


class Tally:
    """Count what one response generated; no text is kept."""

    __slots__ = ("_characters", "_count", "_events", "_is_by_events", "_tokens")

    def __init__(self, mode: EstimateMode, count: Callable[[str], int | None] | None) -> None:
        self._is_by_events = mode == "events"
        self._count = count
        self._events = 0
        self._characters = 0
        self._tokens: int | None = 0

    def add(self, events: int, text: str) -> None:
        """Count a part of the answer: its content events (0 where it did not come in events), its text."""
        self._events += events
        self._characters += len(text)
        if self._count is not None and self._tokens is not None and text:
            counted = self._count(text)
            self._tokens = None if counted is None else self._tokens + counted

    def tokens(self) -> int | None:
        """Return the estimate; None if nothing was counted that it could rest on."""
        if self._count is not None:
            return self._tokens or None
        if self._is_by_events:
            return self._events or None
        return -(-self._characters // CHARACTERS_PER_TOKEN) or None


class Estimator:
    """Hold how the operator wants tokens estimated.

    Args:
        mode: what to count; a tokenizer comes before it.
        tokenizer: the operator's; None: none.
        report: takes what the tokenizer raises, with the place's name.
    """

    def __init__(
        self, mode: EstimateMode, tokenizer: Tokenizer | None, report: Callable[[str, BaseException], None]
    ) -> None:
        self._mode = mode
        self._tokenizer = tokenizer
        self._report = report

    def tally(self, model: str | None) -> Tally | None:
        """Return what counts one response of a model; None if nothing is to be estimated."""
        tokenizer = self._tokenizer
        if tokenizer is None:
            return None if self._mode == "off" else Tally(self._mode, None)
        return Tally(self._mode, lambda text: self._counted(tokenizer, text, model))

    def _counted(self, tokenizer: Tokenizer, text: str, model: str | None) -> int | None:
        try:
            tokens = tokenizer(text, model)
        except Exception as error:  # noqa: BLE001 - the operator's function must not break the request
            self._report("tokenizer", error)
            return None
        return tokens if is_count(tokens) else None
