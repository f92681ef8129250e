"""One exposition: what every scrape of one snapshot is answered from.

Strategy: each family is rendered to bytes once; a scrape joins the families it asks for. Joined and
compressed answers are kept. Thread-safe; an answer that is not kept yet is made once, under a lock.
Bounds: at most `MAX_ANSWERS` answers of `MAX_ANSWER_BYTES` together are kept, one at least; the oldest goes.
"""

import gzip
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple, Self

from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.families import COLLECTORS
from tokenpulse_reader.exposition.metric import Category, Metric
from tokenpulse_reader.exposition.negotiate import Format
from tokenpulse_reader.exposition.render import render_body, render_openmetrics_head, render_text_head
from tokenpulse_reader.exposition.table import METRICS

MAX_ANSWERS: Final = 16
"""Two formats, plain and compressed, of all metrics, with room for a few filters."""
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
"""Room for about 600,000 samples."""
GZIP_LEVEL: Final = 4
"""A sixth of level 9's time for a fifth more bytes, measured on 340,000 samples."""

_BY_NAME: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(metric.name for metric in METRICS if name in metric.names)
    for name in {name for metric in METRICS for name in metric.names}
}
_HEADS: Final[Mapping[Format, Mapping[str, bytes]]] = {
    "text": {metric.name: render_text_head(metric) for metric in METRICS},
    "openmetrics": {metric.name: render_openmetrics_head(metric) for metric in METRICS},
}
_TAILS: Final[Mapping[Format, bytes]] = {"text": b"", "openmetrics": b"# EOF\n"}
_AGEING: Final = tuple(
    metric for metric in METRICS if metric.name in ("redis_up", "tokenpulse_snapshot_age_seconds")
)
"""What changes while Redis is away and all else stays."""


class Scrape(NamedTuple):
    """Say what a scraper asks for; None means all categories, all families."""

    format: Format = "text"
    is_compressed: bool = False
    category: Category | None = None
    families: frozenset[str] | None = None


def families_named(names: Iterable[str]) -> frozenset[str]:
    """Return the families that `name[]` asks for by family or sample name; unknown names ask for nothing."""
    return frozenset().union(*(_BY_NAME.get(name, frozenset()) for name in names))


class Exposition:
    """Answer scrapes of one snapshot."""

    def __init__(self, facts: Facts, bodies: Mapping[str, bytes]) -> None:
        self._facts = facts
        self._bodies = bodies
        self._answers: OrderedDict[Scrape, bytes] = OrderedDict()
        self._lock = threading.RLock()

    @classmethod
    def of(cls, facts: Facts) -> Self:
        """Render every family; about 1 µs for each sample, so call it off the event loop."""
        return cls(facts, {metric.name: _body(metric, facts) for metric in METRICS})

    def aged(self, age_seconds: float, *, is_redis_up: bool) -> Self:
        """Return the same numbers, older; what is answered while Redis is away."""
        facts = replace(self._facts, age_seconds=age_seconds, is_redis_up=is_redis_up)
        newer = {metric.name: _body(metric, facts) for metric in _AGEING}
        return type(self)(facts, {**self._bodies, **newer})

    def kept(self, scrape: Scrape) -> bytes | None:
        """Return the answer if it was given before, None otherwise; never waits."""
        return self._answers.get(scrape)

    def answer(self, scrape: Scrape) -> bytes:
        """Return the answer; compressing 100,000 samples takes some 30 ms, so call it off the event loop."""
        with self._lock:
            body = self._answers.get(scrape)
            if body is None:
                body = self._answers[scrape] = self._made(scrape)
                self._drop_oldest()
            return body

    def _drop_oldest(self) -> None:
        held_bytes = sum(map(len, self._answers.values()))
        while len(self._answers) > MAX_ANSWERS or (held_bytes > MAX_ANSWER_BYTES and len(self._answers) > 1):
            _, dropped = self._answers.popitem(last=False)
            held_bytes -= len(dropped)

    def _made(self, scrape: Scrape) -> bytes:
        if scrape.is_compressed:
            plain = self.answer(scrape._replace(is_compressed=False))
            return gzip.compress(plain, GZIP_LEVEL, mtime=0)
        heads = _HEADS[scrape.format]
        parts: list[bytes] = []
        for metric in METRICS:
            is_asked = scrape.families is None or metric.name in scrape.families
            if is_asked and scrape.category in (None, metric.category):
                parts += (heads[metric.name], self._bodies[metric.name])
        return b"".join((*parts, _TAILS[scrape.format]))


def _body(metric: Metric, facts: Facts) -> bytes:
    return render_body(metric, COLLECTORS[metric.name](facts))
