"""Ask a dialect what an event says."""

from typing import Final

import orjson

from tokenpulse.dialects.base import Dialect
from tokenpulse.dialects.facts import Content, EventFacts, JsonObject
from tokenpulse.framing.event import Event
from tokenpulse.reading.estimation import Tally

_END_MARKS: Final = (b"[DONE]", b"[DONE]\n")
_DONE: Final = EventFacts(is_terminal=True)


def facts_of(event: Event, dialect: Dialect) -> EventFacts | None:
    """Return what an event says, None if it is not JSON; `[DONE]` ends a stream in every dialect."""
    if event.data[:8].strip() in _END_MARKS:
        return _DONE
    body = body_of(event, dialect)
    return None if body is None else dialect.event(event.name, body)


def add_event(tally: Tally, event: Event, told: EventFacts, dialect: Dialect) -> None:
    """Count what an event generated; of a long event only that there was one, its text is not held."""
    if told.content is not Content.NONE:
        body = None if event.tail else body_of(event, dialect)
        tally.add(1, "" if body is None else dialect.text(body))


def body_of(event: Event, dialect: Dialect) -> JsonObject | None:
    """Return an event's JSON object; None if it is not JSON, {} if it is empty or some other JSON value."""
    if event.tail:
        return dialect.abridged(event.data, event.tail)
    try:
        body = orjson.loads(event.data)
    except orjson.JSONDecodeError:
        return {} if not event.data.strip() else None
    return body if isinstance(body, dict) else {}
