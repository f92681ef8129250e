"""Bound the words from providers' answers that are told apart.

Finish reasons, error types come from upstream: each becomes a field of a hash in Redis that lives for 30 days.
A process keeps the first ones it sees and counts further ones as `other`. The apply script bounds what all writers
together bring into one hash.
"""

from collections.abc import Iterable
from typing import Final

from tokenpulse_shared.records import OUTCOMES

MAX_FINISH_REASONS: Final = 64
"""Vendors have at most a dozen each."""
MAX_ERROR_TYPES: Final = 128
"""Vendors have some ten each, an app's exceptions come on top."""
MAX_WORD_CHARACTERS: Final = 64
"""The longest we know, Gemini's `FINISH_REASON_UNSPECIFIED` and the like, have about 30."""
OTHER_WORD: Final = "other"


class KnownWords(dict[str, str]):
    """Give for a word the one it counts under: `words[word]`; not thread-safe.

    That is the word itself, cut to `MAX_WORD_CHARACTERS`, for the first `most` words, `other` for any further.
    A dict, because a known word then costs no more than a look-up: 25 ns.
    """

    __slots__ = ("_most",)

    def __init__(self, most: int, always: Iterable[str] = ()) -> None:
        """Begin with the words that are `always` known; they count towards `most`."""
        super().__init__((word, word) for word in always)
        self._most = most

    def __missing__(self, word: str) -> str:
        kept = word[:MAX_WORD_CHARACTERS]
        if kept not in self:
            if len(self) >= self._most:
                return OTHER_WORD
            self[kept] = kept
        return kept


class Words:
    """Hold what one process tells apart."""

    __slots__ = ("error_types", "finish_reasons")

    def __init__(self) -> None:
        self.finish_reasons = KnownWords(MAX_FINISH_REASONS)
        self.error_types = KnownWords(MAX_ERROR_TYPES, OUTCOMES)  # what a failure without a type counts under
