"""Render rows as exposition text.

Strategy: a histogram's lines are one template per metric, filled per series by one `%`: about 5 µs for the
20 lines of a series. Text comes in pieces, so that no single step of the work is long. The samples' text is the
same in both formats, but for `_created` with exemplars; only HELP, TYPE, UNIT, EOF differ.
Invariants: no series occurs twice; label values never break a line (control characters, bidirectional controls,
surrogates are replaced, quotes escaped); numbers have no spelling that depends on the locale.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import accumulate, islice
from operator import itemgetter
from typing import Final

from prometheus_client import utils

from tokenpulse_reader.exposition.exemplars import Example, ExampleOf
from tokenpulse_reader.exposition.metric import Metric
from tokenpulse_reader.exposition.rows import Labels, Row, SummaryTotals
from tokenpulse_shared.names import printable
from tokenpulse_shared.totals.totals_records import HistogramTotals

_LABELS: Final = "\0"
"""Stands for a series' labels in a template; no label value holds it."""
ROWS_A_PIECE: Final = 64
"""A piece takes about 0.5 ms to render, 100 kB of a histogram with 17 buckets."""

Created = Callable[[Labels], float | None]
"""Return when a series began to be counted, epoch seconds; None where that is not known."""


@lru_cache(maxsize=20_000)
def escaped(value: str) -> str:
    """Return a label value as it may stand between quotes."""
    return printable(value).replace("\\", "\\\\").replace('"', '\\"')


def bound_text(bound: float) -> str:
    """Return an upper bound as Prometheus' own clients spell it: `1.0`, `1e+06`, `+Inf`."""
    return str(utils.floatToGoString(bound))  # type: ignore[no-untyped-call]  # not annotated upstream


def _label_template(labels: Labels) -> str:
    return ",".join(f'{label}="%s"' for label in labels)


class _ScalarTemplate:
    """Render series of one counter, gauge or info."""

    def __init__(self, metric: Metric) -> None:
        braces = f"{{{_label_template(metric.labels)}}}" if metric.labels else ""
        self._line = f"{metric.name}{braces} "
        self._created = f"{metric.openmetrics_name}_created{braces} "

    def lines(self, texts: Labels, value: object, created: float | None) -> str:
        line = f"{self._line % texts}{value}\n"
        return line if created is None else f"{line}{self._created % texts}{created}\n"


class _HistogramTemplate:
    """Render series of one histogram."""

    def __init__(self, metric: Metric) -> None:
        le = [bound_text(bound) for bound in (*metric.bounds, float("inf"))]
        separator = "," if metric.labels else ""
        buckets = "".join(f'{metric.name}_bucket{{{_LABELS}{separator}le="{bound}"}} %d\n' for bound in le)
        braces = f"{{{_LABELS}}}" if metric.labels else ""
        self._lines = f"{buckets}{metric.name}_count{braces} %d\n{metric.name}_sum{braces} %s\n"
        self._created = f"{metric.name}_created{braces} "
        self._labels = _label_template(metric.labels)
        places = [metric.fine.index(bound) for bound in metric.bounds]
        self._pick = itemgetter(*places, len(metric.fine), len(metric.fine))
        self._divisor = metric.sum_divisor
        self._bounds = metric.bounds

    def with_example(self, lines: str, example: Example) -> str:
        """Return a series' lines with the example beside the bucket it fell into."""
        split = lines.split("\n")
        split[bisect_left(self._bounds, example.value)] += example.text()
        return "\n".join(split)

    def lines(self, texts: Labels, value: object, created: float | None) -> str:
        if not isinstance(value, HistogramTotals):
            raise TypeError(f"{value!r} is no histogram")
        text = (self._labels % texts).replace("%", "%%")
        lines = self._lines if created is None else f"{self._lines}{self._created}{created}\n"
        numbers = self._pick(list(accumulate(value.counts)))
        return lines.replace(_LABELS, text) % (*numbers, value.sum / self._divisor)


class _SummaryTemplate:
    """Render series of one summary without quantiles."""

    def __init__(self, metric: Metric) -> None:
        braces = f"{{{_label_template(metric.labels)}}}" if metric.labels else ""
        self._count = f"{metric.name}_count{braces} "
        self._sum = f"{metric.name}_sum{braces} "
        self._divisor = metric.sum_divisor

    def lines(self, texts: Labels, value: object, created: float | None) -> str:
        if not isinstance(value, SummaryTotals):
            raise TypeError(f"{value!r} is no summary")
        return f"{self._count % texts}{value.value_count}\n{self._sum % texts}{value.sum / self._divisor}\n"


def _template(metric: Metric) -> _ScalarTemplate | _HistogramTemplate | _SummaryTemplate:
    if metric.kind == "histogram":
        return _HistogramTemplate(metric)
    return _SummaryTemplate(metric) if metric.kind == "summary" else _ScalarTemplate(metric)


def render_pieces(
    metric: Metric, rows: Iterable[Row], created: Created | None = None, example_of: ExampleOf | None = None
) -> Iterator[bytes]:
    """Yield all sample lines of a metric; nothing when it has no rows.

    `created`, `example_of`: for formats that tell when a series began, which request stands for it; None for those
    that do not. Of rows whose labels become
    the same text the first counts.
    """
    template = _template(metric)
    seen: set[Labels] = set()
    remaining = iter(rows)
    while some := list(islice(remaining, ROWS_A_PIECE)):
        text: list[str] = []
        for labels, value in some:
            texts = tuple(map(escaped, labels))
            if texts not in seen:
                seen.add(texts)
                lines = template.lines(texts, value, created(labels) if created else None)
                example = example_of(labels) if example_of else None
                if example is not None and isinstance(template, _HistogramTemplate):
                    lines = template.with_example(lines, example)
                text.append(lines)
        yield "".join(text).encode()


def render_text_head(metric: Metric) -> bytes:
    """Return HELP with TYPE as format 0.0.4 wants them."""
    kind = "gauge" if metric.kind == "info" else metric.kind
    return f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {kind}\n".encode()


def render_openmetrics_head(metric: Metric) -> bytes:
    """Return HELP, TYPE, UNIT as OpenMetrics 1.0 wants them."""
    name = metric.openmetrics_name
    kind = "unknown" if metric.is_untyped_in_openmetrics else metric.kind
    unit = f"# UNIT {name} {metric.openmetrics_unit}\n" if metric.openmetrics_unit else ""
    return f"# HELP {name} {metric.help}\n# TYPE {name} {kind}\n{unit}".encode()
