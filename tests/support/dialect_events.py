"""Read the events of a stream with a dialect, in their order."""

from typing import Any

import orjson

from tokenpulse.dialects.base import Dialect
from tokenpulse.framing.event import Event
from tokenpulse.reading.event_facts import facts_of
from tokenpulse.reading.stream_facts import StreamFacts


def read_events(dialect: Dialect, *bodies: Any) -> StreamFacts:
    """Return what a stream of these JSON bodies tells; the time of an event is its place, from 0."""
    facts = StreamFacts()
    for place, body in enumerate(bodies):
        told = facts_of(Event(orjson.dumps(body)), dialect)
        assert told is not None
        facts.note(told, float(place))
    return facts
