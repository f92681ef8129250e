"""One exposition: what every scrape of one snapshot is answered from.

Strategy: each family is rendered to bytes once, when the first scrape that asks for it is made ready; answers are
kept. Thread-safe; what is not kept yet is made once, under a lock, with breaths in which the event loop runs.
Bounds: at most `MAX_ANSWERS` answers of `MAX_ANSWER_BYTES` together are kept, one at least; the oldest goes.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final, Self

from tokenpulse_reader.exposition.answer import Answer, joined
from tokenpulse_reader.exposition.creation import created_of
from tokenpulse_reader.exposition.exemplars import examples_of
from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.families import COLLECTORS
from tokenpulse_reader.exposition.metric import Metric
from tokenpulse_reader.exposition.negotiate import Format
from tokenpulse_reader.exposition.profiles import METRICS_OF
from tokenpulse_reader.exposition.render import (
    render_openmetrics_head,
    render_pieces,
    render_text_head,
)
from tokenpulse_reader.exposition.scrape import Scrape
from tokenpulse_shared.breath import Breath

MAX_ANSWERS: Final = 16
"""Two formats, plain and compressed, of all metrics, with room for profiles and filters."""
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
"""Room for about 600,000 samples."""

_METRICS: Final = tuple(metric for metrics in METRICS_OF.values() for metric in metrics)
_HEADS: Final[Mapping[Format, Mapping[str, bytes]]] = {
    "text": {metric.name: render_text_head(metric) for metric in _METRICS},
    "openmetrics": {metric.name: render_openmetrics_head(metric) for metric in _METRICS},
}
_TAILS: Final[Mapping[Format, bytes]] = {"text": b"", "openmetrics": b"# EOF\n"}
_AGEING: Final = ("redis_up", "tokenpulse_snapshot_age_seconds")
"""What changes while Redis is away and all else stays."""

Pieces = tuple[bytes, ...]


class Exposition:
    """Answer scrapes of one snapshot."""

    def __init__(self, facts: Facts, bodies: Mapping[tuple[str, Format], Pieces] | None = None) -> None:
        self.facts = facts
        self._bodies = dict(bodies or {})
        self._answers: OrderedDict[Scrape, Answer] = OrderedDict()
        self._lock = threading.RLock()
        self._breathe = Breath()

    def aged(self, age_seconds: float, *, is_redis_up: bool) -> Self:
        """Return the same numbers, older; what is answered while Redis is away."""
        facts = replace(self.facts, age_seconds=age_seconds, is_redis_up=is_redis_up)
        with self._lock:
            same = {key: body for key, body in self._bodies.items() if key[0] not in _AGEING}
        return type(self)(facts, same)

    def kept(self, scrape: Scrape) -> Answer | None:
        """Return the answer if it was given before, None otherwise; never waits."""
        return self._answers.get(scrape)

    def answer(self, scrape: Scrape) -> Answer:
        """Return the answer; about 1 µs for each sample, so call it off the event loop."""
        with self._lock:
            answer = self._answers.get(scrape)
            if answer is None:
                answer = self._answers[scrape] = self._made(scrape)
                self._drop_oldest()
            return answer

    def _drop_oldest(self) -> None:
        held_bytes = sum(answer.size_bytes for answer in self._answers.values())
        while len(self._answers) > MAX_ANSWERS or (held_bytes > MAX_ANSWER_BYTES and len(self._answers) > 1):
            _, dropped = self._answers.popitem(last=False)
            held_bytes -= dropped.size_bytes

    def _made(self, scrape: Scrape) -> Answer:
        if scrape.is_compressed:
            return self.answer(scrape._replace(is_compressed=False)).compressed(self._breathe)
        return Answer.of(self._pieces(scrape))

    def _pieces(self, scrape: Scrape) -> Iterator[bytes]:
        heads = _HEADS[scrape.format]
        for metric in scrape.metrics():
            yield heads[metric.name]
            yield from self._body(metric, scrape.format)
        yield _TAILS[scrape.format]

    def _body(self, metric: Metric, form: Format) -> Pieces:
        key = metric.name, form
        body = self._bodies.get(key)
        if body is None:
            body = self._bodies[key] = tuple(joined(self._rendered(metric, form)))
        return body

    def _rendered(self, metric: Metric, form: Format) -> Iterator[bytes]:
        created = example_of = None
        if form == "openmetrics":
            created, example_of = created_of(metric, self.facts), examples_of(metric, self.facts)
        for piece in render_pieces(metric, COLLECTORS[metric.name](self.facts), created, example_of):
            self._breathe()
            yield piece
