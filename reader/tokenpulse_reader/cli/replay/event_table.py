"""Show the events of an answer as a table."""

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from tokenpulse.explain import Explanation, SeenEvent
from tokenpulse_reader.cli.replay.columns import Column, laid_out
from tokenpulse_reader.cli.replay.marks import is_notable, marks_of
from tokenpulse_reader.cli.replay.tellings import CONTENT_WORDS, tellings_of
from tokenpulse_shared.names import printable

FIRST_SHOWN: Final = 10
LAST_SHOWN: Final = 5

_COLUMNS: Final = (
    Column("#", 8, is_right=True),
    Column("offset", 10, is_right=True),
    Column("event", 26),
    Column("content", 9),
    Column("what it tells", 60, is_flexible=True),
    Column("marks", 24, is_flexible=True),
)


def event_table(explanation: Explanation, *, is_full: bool, has_text: bool, width: int) -> Iterator[str]:
    """Give the lines of the table; `offset` is where in the body an event begins, in bytes.

    is_full: every event, else the first, the last, and those that are notable. has_text: with what the model said.
    """
    events = explanation.events
    models = (event.number for event in events if event.facts is not None and event.facts.model)
    first_model = next(models, None)
    rows: list[Sequence[str] | str] = []
    for is_shown, group in groupby(events, lambda event: is_full or _is_shown(event, explanation)):
        if not is_shown:
            rows.append(_gap(list(group)))
            continue
        for event in group:
            rows.append(_row(event, explanation, event.number == first_model))
            if has_text and event.text:
                rows.append(_text_lines(event.text, width))
    return laid_out(_COLUMNS, rows, width)


def _is_shown(event: SeenEvent, explanation: Explanation) -> bool:
    is_at_an_end = event.number < FIRST_SHOWN or event.number >= len(explanation.events) - LAST_SHOWN
    return is_at_an_end or is_notable(event, explanation)


def _row(event: SeenEvent, explanation: Explanation, is_first_model: bool) -> Sequence[str]:
    content = "?" if event.facts is None else CONTENT_WORDS[event.facts.content]
    told = tellings_of(event, is_first_model)
    marks = marks_of(event, explanation)
    return (
        str(event.number),
        str(event.start),
        event.name or "-",
        content,
        "; ".join(told),
        "; ".join(marks),
    )


def _text_lines(text: str, width: int) -> str:
    quoted = printable(json.dumps(text, ensure_ascii=False))
    return textwrap.fill(
        quoted, width, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
    )


def _gap(events: list[SeenEvent]) -> str:
    """Return the line that stands for events that are not shown."""
    contents = Counter(event.facts.content for event in events if event.facts is not None)
    words = {0: "without content", 1: "reasoning", 2: "visible"}
    told = ", ".join(f"{contents[kind]} {words[kind]}" for kind in sorted(contents, reverse=True))
    length = events[-1].end - events[0].start
    noun = "event" if len(events) == 1 else "events"
    return f"... {len(events)} {noun} not shown: {told}; {length} bytes"
