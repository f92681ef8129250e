"""Tell by the shape of an answer which protocol it speaks, where nobody kept the request's path.

Strategy: every dialect reads the answer; the one to which it says most is taken. Worked: a chat stream tells
OpenAI's chat a model, a finish reason, usage, content; to completions, which look for another key, no content.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from tokenpulse.dialects.base import Dialect, Route
from tokenpulse.dialects.facts import Content
from tokenpulse.dialects.registry import BUILT_IN
from tokenpulse.explain.event_spans import Span, event_spans
from tokenpulse.explain.exchange import Exchange
from tokenpulse.explain.seen_event import SeenEvent, answer_framing, events_of, seen_events
from tokenpulse.reading.stream_framing import Framing
from tokenpulse_shared.names import UNKNOWN

DIALECT_NAMES: Final = tuple(dialect.name for dialect in BUILT_IN)

SAMPLED_EVENTS: Final = 64
"""How many events are read at either end of a stream: content begins at the one, usage stands at the other."""

_MODEL: Final = "{model}"
_GENERATING: Final = ("chat", "text_completion")


class Place(NamedTuple):
    """Name a path and the dialect spoken there."""

    path: str
    dialect: str


class _Reading(NamedTuple):
    """Hold what a dialect reads in an answer; `told`: how many kinds of facts, 0: none but perhaps an error."""

    told: int
    has_error: bool
    dialect: Dialect
    route: Route
    model: str | None


def place_of(exchange: Exchange, name: str | None, model: str | None) -> Place | None:
    """Return where an exchange belongs by its answer; None: the answer does not tell.

    name: the one dialect that it can be, which then is taken at its word; None: any.
    model: what stands in a path that names a model; None: what the answer says.
    """
    framing = answer_framing(exchange, path_says_stream=True)
    spans = _sample(exchange, framing)
    known = [dialect for dialect in BUILT_IN if name is None or dialect.name == name]
    readings = [reading for dialect in known if (reading := _reading(exchange, spans, dialect)) is not None]
    if name is None:
        told = [reading for reading in readings if reading.told]
        # Most errors look the same in several protocols; a blocked prompt is Gemini's alone.
        failed = [each for each in readings if each.has_error and each.dialect.operation in _GENERATING]
        readings = told or (failed if len(failed) == 1 else [])
    if not readings:
        return None
    # Answers of embeddings say least; what they tell to a generating dialect as well is theirs.
    best = max(readings, key=lambda each: (each.told, each.dialect.operation not in _GENERATING))
    route = best.route
    path = (route.label or route.pattern).replace(_MODEL, model or best.model or UNKNOWN)
    return Place(path, best.dialect.name)


def _sample(exchange: Exchange, framing: Framing | None) -> list[Span] | None:
    """Return the first and the last events of a stream, None for a JSON answer."""
    if framing is Framing.JSON:
        return None
    spans = [] if framing is None else event_spans(exchange.body, framing)
    return spans if len(spans) <= 2 * SAMPLED_EVENTS else [*spans[:SAMPLED_EVENTS], *spans[-SAMPLED_EVENTS:]]


def _reading(exchange: Exchange, spans: list[Span] | None, dialect: Dialect) -> _Reading | None:
    is_stream = spans is not None
    route = _route(dialect, is_stream=is_stream)
    if route is None or (is_stream and dialect.operation not in _GENERATING):
        return None
    events = seen_events(exchange, Framing.JSON, dialect) if spans is None else events_of(spans, dialect)
    facts = [event.facts for event in events if event.facts is not None]
    models = (fact.model for fact in facts if fact.model)
    has_error = any(fact.error is not None for fact in facts)
    return _Reading(_told(events, dialect), has_error, dialect, route, next(models, None))


def _told(events: Iterable[SeenEvent], dialect: Dialect) -> int:
    """Return how many kinds of facts an answer tells: usage, finish, content, and beside one of them a model."""
    facts = [event.facts for event in events if event.facts is not None]
    has_usage = any(fact.usage is not None for fact in facts)
    has_finish = any(fact.finishes for fact in facts)
    has_content = any(fact.content is not Content.NONE for fact in facts) or any(
        event.text for event in events
    )
    if dialect.operation not in _GENERATING and (has_finish or has_content):
        return 0  # it inherits its reading from a dialect that generates
    told = has_usage + has_finish + has_content
    return told + any(fact.model for fact in facts) if told else 0


def _route(dialect: Dialect, *, is_stream: bool) -> Route | None:
    """Return the first route for such an answer, None if the dialect has none."""
    return next((route for route in dialect.routes if route.is_stream in (None, is_stream)), None)
