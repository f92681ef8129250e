"""Say what is replayed, how it was kept, who reads it."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from tokenpulse.explain import Cut, Exchange, Explanation
from tokenpulse_reader.cli.replay.columns import labelled
from tokenpulse_reader.cli.replay.kept import Kept

_FRAMINGS: Final = {
    "JSON": "one JSON answer",
    "SSE": "server-sent events",
    "NDJSON": "JSON lines",
    "JSON_ARRAY": "a JSON array",
    "AWS_EVENT_STREAM": "AWS event stream",
}


_LABEL_WIDTH: Final = 10


class Heading(NamedTuple):
    """Hold what is known before the replay; `encoding`: what was done about the body's, None: it had none."""

    file: str
    kept: Kept
    exchange: Exchange
    path_reason: str
    encoding: str | None
    cut: Cut


def heading_lines(heading: Heading, explanation: Explanation, width: int) -> Iterator[str]:
    """Give the lines above the table."""
    for label, value in _heading(heading, explanation):
        yield from labelled(label, value, _LABEL_WIDTH, width)


def _heading(heading: Heading, explanation: Explanation) -> Iterator[tuple[str, str]]:
    exchange = heading.exchange
    status = f"status {exchange.status}" + ("" if heading.kept.has_status else " assumed")
    yield "file", f"{heading.file}: {heading.kept.kind}, {len(exchange.body)} bytes of body"
    yield "exchange", f"POST {exchange.path} ({heading.path_reason}), {status}"
    yield "dialect", explanation.observation.dialect or "none"
    yield "framing", f"{framing_words(explanation)}, replayed {_cut_words(heading, explanation)}"
    if heading.encoding is not None:
        yield "encoding", heading.encoding
    if not exchange.is_complete:
        yield "broken", "the headers promise more bytes than there are"


def framing_words(explanation: Explanation) -> str:
    """Return what the body is made of."""
    if explanation.framing is None:
        return "hidden by the encoding"
    words = _FRAMINGS[explanation.framing.name]
    if explanation.framing.name == "JSON":
        return words
    count = len(explanation.events)
    return f"{words}, {count} event{'' if count == 1 else 's'}"


def _cut_words(heading: Heading, explanation: Explanation) -> str:
    count = len(explanation.reads.pieces)
    if isinstance(heading.cut, int):
        return f"in {count} pieces of at most {heading.cut} bytes"
    if heading.cut == "recorded" and heading.exchange.read_lengths is not None:
        return f"in {count} reads as recorded"
    return "whole" if count < 2 else "event by event"
