"""Which request stands for a series of a histogram, as OpenMetrics tells it beside the bucket it fell into."""

from collections.abc import Callable
from typing import Final, NamedTuple

from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.metric import Metric
from tokenpulse_reader.exposition.rows import Labels
from tokenpulse_shared.exemplar import Exemplar

_VALUES: Final[dict[str, Callable[[Exemplar], float | None]]] = {
    "model_inference_duration_seconds": lambda held: held.latency_seconds,
    "time_to_first_chunk_seconds": lambda held: held.ttft_seconds,
}
"""Histograms by (provider, model) with what an exemplar tells of them."""


class Example(NamedTuple):
    """Hold one value of a histogram with its trace; `at`: epoch seconds."""

    trace_id: str
    value: float
    at: float

    def text(self) -> str:
        """Return what follows a bucket's count."""
        return f' # {{trace_id="{self.trace_id}"}} {self.value} {self.at}'


ExampleOf = Callable[[Labels], Example | None]


def examples_of(metric: Metric, facts: Facts) -> ExampleOf | None:
    """Return what tells a series' example by its labels; None where the metric has none."""
    value_of = _VALUES.get(metric.name)
    if value_of is None:
        return None
    examples: dict[Labels, Example] = {}
    for provider, model, series in facts.totals.models:
        held = series.exemplar
        value = None if held is None else value_of(held)
        if held is not None and value is not None:
            examples[provider, model] = Example(held.trace_id, value, held.at)
    return examples.get
