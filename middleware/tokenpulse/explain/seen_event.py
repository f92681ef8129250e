"""Read every event of a whole answer as the middleware's dialects read it."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from tokenpulse.dialects.base import Dialect
from tokenpulse.dialects.facts import Content, EventFacts, JsonObject
from tokenpulse.explain.event_spans import Span, event_spans
from tokenpulse.explain.exchange import Exchange
from tokenpulse.reading.answer_reader import HEAD_BYTES, TAIL_BYTES
from tokenpulse.reading.capture import BoundedBody, json_object
from tokenpulse.reading.event_facts import body_of, facts_of
from tokenpulse.reading.stream_framing import SNIFFED_BYTES, Framing, framing_of_type, sniffed_framing
from tokenpulse_shared.names import clean_name

_KIND_KEYS: Final = ("type", "event_type", "object")
"""Where bodies name their kind: Anthropic, Responses and Cohere v2; Cohere v1; OpenAI."""


class SeenEvent(NamedTuple):
    """Tell what one event says: `body[start:end]` of the response.

    `number`: counted from 0. `name`: what the event calls itself, "": nothing. `facts`: None when it could not be read.
    `is_last`: the body ended before the event did. `text`: what the model generated in it; for the owner's eyes alone.
    """

    number: int
    start: int
    end: int
    name: str
    facts: EventFacts | None
    is_last: bool
    text: str


def answer_framing(exchange: Exchange, path_says_stream: bool | None) -> Framing | None:
    """Return how the response is framed, as `AnswerReader` decides; None: its encoding hides that."""
    if exchange.header(b"content-encoding").strip().lower() not in (b"", b"identity"):
        return None
    told = framing_of_type(exchange.header(b"content-type"))
    if told is not None:
        return told
    if exchange.status >= 400:
        return Framing.JSON
    return sniffed_framing(exchange.body[:SNIFFED_BYTES], path_says_stream)


def seen_events(exchange: Exchange, framing: Framing | None, dialect: Dialect) -> list[SeenEvent]:
    """Return what each event says; a JSON answer is one event."""
    if framing is None:
        return []
    if framing is Framing.JSON:
        return [_seen_answer(exchange, dialect)] if exchange.body.strip() else []
    events = events_of(event_spans(exchange.body, framing), dialect)
    return _counted(events, exchange.body, dialect.marks.content) if framing is Framing.SSE else events


def events_of(spans: Iterable[Span], dialect: Dialect) -> list[SeenEvent]:
    """Return what each event says by itself."""
    return [_seen(number, span, dialect) for number, span in enumerate(spans)]


def _counted(events: list[SeenEvent], body: bytes, mark: bytes) -> list[SeenEvent]:
    """Return the events of a server-sent stream with the content that `StreamReader` counts.

    After the first visible content it looks only at events that hold the dialect's mark: what repeats a finished
    text (Responses' `.done`) brings nothing new.
    """
    counted, has_visible = [], False
    for event in events:
        facts = event.facts
        if facts is not None and has_visible and mark not in body[event.start : event.end]:
            event = event._replace(facts=facts._replace(content=Content.NONE))
        counted.append(event)
        has_visible = has_visible or (facts is not None and facts.content is Content.VISIBLE)
    return counted


def _seen(number: int, span: Span, dialect: Dialect) -> SeenEvent:
    start, end, event, is_last = span
    if event is None:
        return SeenEvent(number, start, end, "", None, is_last, "")
    facts, body = facts_of(event, dialect), None
    if event.data.startswith(b"[DONE]"):
        name = "[DONE]"
    else:
        body = body_of(event, dialect)
        name = event.name.decode("utf-8", "replace") or kind_of(body)
    text = "" if body is None or event.tail else dialect.text(body)
    return SeenEvent(number, start, end, clean_name(name), facts, is_last, text)


def kind_of(body: JsonObject | None) -> str:
    """Return what a body calls itself, "" if nothing."""
    kinds = ("" if body is None else body.get(key) for key in _KIND_KEYS)
    return next((kind for kind in kinds if kind and isinstance(kind, str)), "")


def _seen_answer(exchange: Exchange, dialect: Dialect) -> SeenEvent:
    held = BoundedBody(HEAD_BYTES, TAIL_BYTES)
    held.add(exchange.body)
    body = json_object(held.whole()) if held.is_whole else dialect.abridged(*held.ends())
    length = len(exchange.body)
    if body is None:
        is_cut = exchange.body.lstrip().startswith((b"{", b"["))
        return SeenEvent(0, 0, length, "", None, is_cut, "")
    model, finish_reason, usage, error = dialect.answer(body, exchange.status >= 400)
    finishes = () if finish_reason is None else ((0, finish_reason),)
    facts = EventFacts(usage=usage, finishes=finishes, error=error, model=model)
    text = dialect.text(body) if held.is_whole else ""
    return SeenEvent(0, 0, length, clean_name(kind_of(body)), facts, False, text)
