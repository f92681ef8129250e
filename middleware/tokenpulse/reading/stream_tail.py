"""Read a stream's segment from its end until nothing more is wanted: last content, usage, finish, error."""

from typing import Final

from tokenpulse.dialects.base import Dialect
from tokenpulse.dialects.facts import Content, ErrorFacts, EventFacts, Usage
from tokenpulse.framing.sse import event_of
from tokenpulse.reading.event_facts import facts_of
from tokenpulse.reading.stream_facts import StreamFacts
from tokenpulse.reading.stream_segment import Segment

_ERROR_WORD: Final = b"error"
ERROR_WITHIN_BYTES: Final = 16 * 1024
"""How far from a segment's end an error is looked for: it ends the stream, but for a few events after it."""


class TailReading:
    """Read one segment from its end until nothing more is wanted."""

    __slots__ = (
        "_choices",
        "_dialect",
        "_error",
        "_facts",
        "_finishes",
        "_has_told",
        "_usage",
        "_wants_content",
        "_wants_error",
    )

    def __init__(self, dialect: Dialect, choices: int, facts: StreamFacts) -> None:
        self._dialect = dialect
        self._choices = choices
        self._facts = facts
        self._finishes: dict[int, str] = {}
        self._usage: Usage | None = None
        self._error: ErrorFacts | None = None
        self._wants_content = True
        self._wants_error = False
        self._has_told = False

    def run(self, segment: Segment) -> None:
        """Take over what the segment tells."""
        facts = self._facts
        self._wants_content = facts.first_content_at is not None
        self._wants_error = segment.holds_late(_ERROR_WORD, ERROR_WITHIN_BYTES)
        while keys := self._wanted_keys():
            if self._has_told and not self._wants_content:
                segment.pass_to(keys)
            found = segment.previous()
            if found is None:
                break
            self._read(segment, *found)
        facts.finishes |= self._finishes
        if self._usage is not None:
            facts.usage = self._usage.over(facts.usage)
        facts.error = self._error or facts.error

    def _wanted_keys(self) -> list[bytes]:
        """Return the marks of what is still wanted; nothing more is when there are none."""
        marks = self._dialect.marks
        keys = []
        if self._wants_content:
            keys.append(marks.content)
        if self._usage is None or not self._usage.is_whole:
            keys.append(marks.usage.key)
        if len(self._finishes) < self._choices:
            keys.append(marks.finish.key)
        if self._wants_error:
            keys.append(_ERROR_WORD)
        return keys

    def _read(self, segment: Segment, block: bytes, completed: int) -> None:
        marks = self._dialect.marks
        is_told = (
            self._wants_content
            or not self._has_told
            or (len(self._finishes) < self._choices and marks.finish.is_set_in(block))
            or ((self._usage is None or not self._usage.is_whole) and marks.usage.is_set_in(block))
            or (self._wants_error and (marks.error.is_set_in(block) or b"error:" in block))
        )
        event = event_of(block) if is_told else None
        if event is None:
            return
        self._has_told = True
        told = facts_of(event, self._dialect)
        if told is not None:
            self._note(told, segment, block, completed)
        elif not segment.is_cut(completed):
            self._facts.has_malformed = True

    def _note(self, told: EventFacts, segment: Segment, block: bytes, completed: int) -> None:
        facts = self._facts
        if told.is_terminal:
            facts.is_terminated = True
        if self._wants_content and told.content is not Content.NONE and self._dialect.marks.content in block:
            facts.last_content_at = segment.time_at(completed)
            self._wants_content = False
        if told.usage is not None:
            self._usage = told.usage if self._usage is None else self._usage.over(told.usage)
        for choice, reason in told.finishes:
            self._finishes.setdefault(choice, reason)
        self._error = self._error or told.error
        facts.model = facts.model or told.model
