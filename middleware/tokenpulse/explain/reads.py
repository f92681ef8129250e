"""Cut a response's body into the pieces that a replay sends."""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import Literal, NamedTuple

from tokenpulse.explain.exchange import Exchange
from tokenpulse.explain.seen_event import SeenEvent

Cut = int | Literal["events", "recorded"]
"""How a body is cut: so many bytes a piece (at least 1); an event a piece; as it was read, else as `events`."""


class Reads(NamedTuple):
    """Hold the pieces of a body; `ends`: the offset after each; `is_by_event`: every event has one of its own."""

    pieces: tuple[bytes, ...]
    ends: tuple[int, ...]
    is_by_event: bool

    def number_at(self, offset: int) -> int:
        """Return which piece, counted from 1, brought the byte before an offset."""
        return bisect_left(self.ends, offset) + 1


def reads_of(exchange: Exchange, events: Iterable[SeenEvent], cut: Cut) -> Reads:
    """Return the pieces of an exchange's body."""
    length, is_by_event = len(exchange.body), False
    if isinstance(cut, int):
        ends: Iterable[int] = range(cut, length, cut)
    elif cut == "recorded" and exchange.read_lengths is not None:
        ends = accumulate(exchange.read_lengths)
    else:
        is_by_event = True
        ends = (event.end for event in events)
    places = tuple(sorted({*ends, length} - {0}))
    pieces = tuple(exchange.body[start:end] for start, end in pairwise((0, *places)))
    return Reads(pieces, places, is_by_event)
