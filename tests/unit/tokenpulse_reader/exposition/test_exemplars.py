"""OpenMetrics tells a request's trace beside the bucket that it fell into."""

from dataclasses import replace

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from tests.support.exposition_facts import facts, series
from tokenpulse_reader.exposition.exposition import Exposition
from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.scrape import Scrape
from tokenpulse_shared.exemplar import Exemplar
from tokenpulse_shared.totals.totals_records import ModelTotals

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def _examples(known: Facts) -> dict[tuple[str, str], tuple[str, float, float]]:
    """Return (family, upper bound) → (trace, value, epoch seconds)."""
    text = Exposition(known).answer(Scrape("openmetrics")).whole().decode()
    return {
        (family.name, sample.labels["le"]): (
            sample.exemplar.labels["trace_id"],
            sample.exemplar.value,
            float(sample.exemplar.timestamp),
        )
        for family in parse_openmetrics(text)
        for sample in family.samples
        if sample.exemplar is not None
    }


def _with(exemplar: Exemplar | None) -> Facts:
    base = facts()
    models = (ModelTotals("openai", "openai/gpt-4o", replace(series(), exemplar=exemplar)),)
    return replace(base, totals=replace(base.totals, models=models))


def test_the_trace_stands_beside_its_bucket() -> None:
    """The request took 31 s, its first token came after 0.2 s."""
    assert _examples(facts()) == {
        ("model_inference_duration_seconds", "60.0"): (TRACE, 31.0, 1_000),
        ("time_to_first_chunk_seconds", "0.25"): (TRACE, 0.2, 1_000),
    }


def test_a_value_on_a_bound_or_past_the_last_has_its_bucket() -> None:
    """As the counts have it: at or below."""
    assert list(_examples(_with(Exemplar(TRACE, 1.0, 2.5)))) == [("model_inference_duration_seconds", "2.5")]
    assert list(_examples(_with(Exemplar(TRACE, 1.0, 500.0)))) == [
        ("model_inference_duration_seconds", "+Inf")
    ]


def test_without_a_trace_there_is_none() -> None:
    """Nor in format 0.0.4, which has no place for it."""
    assert _examples(_with(None)) == {}
    assert TRACE.encode() not in Exposition(facts()).answer(Scrape()).whole()
