"""Profiles serve the same numbers under other names."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text

from tests.support.exposition_facts import facts, held, series
from tokenpulse_reader.exposition.exposition import Exposition
from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.families import COLLECTORS
from tokenpulse_reader.exposition.profiles import METRICS_OF, Profile
from tokenpulse_reader.exposition.rows import Row
from tokenpulse_reader.exposition.scrape import Scrape
from tokenpulse_shared import histogram
from tokenpulse_shared.totals.totals_records import HistogramTotals, ModelTotals, WriterReport

OTEL = ("inference", "openai", "openai/gpt-4o")
VLLM = ("openai/gpt-4o", "openai")
COUNT_AND_SUM: dict[str, list[tuple[tuple[str, ...], int, int]]] = {
    "gen_ai_server_request_duration_seconds": [
        ((*OTEL, ""), 3, 31_600_000),
        ((*OTEL, "_OTHER"), 1, 50_000_000),
    ],
    "gen_ai_server_time_to_first_token_seconds": [(OTEL, 2, 400_000)],
    "gen_ai_server_time_per_output_token_seconds": [(OTEL, 2, 30_000)],
    "gen_ai_client_token_usage": [((*OTEL, "input"), 2, 100), ((*OTEL, "output"), 2, 50)],
    "vllm:time_to_first_token_seconds": [(VLLM, 2, 400_000)],
    "vllm:e2e_request_latency_seconds": [(VLLM, 4, 81_600_000)],
    "vllm:inter_token_latency_seconds": [(VLLM, 48, 750_000)],
    "vllm:request_time_per_output_token_seconds": [(VLLM, 2, 30_000)],
}
EXPECTED: dict[str, list[Row]] = {
    "vllm:prompt_tokens_total": [(VLLM, 100)],
    "vllm:generation_tokens_total": [(VLLM, 50)],
    "vllm:request_success_total": [((*VLLM, "length"), 1), ((*VLLM, "stop"), 2)],
    "vllm:num_requests_running": [(("", "shop"), 0)],
}
SAME: Mapping[str, str] = {
    "gen_ai_server_time_to_first_token_seconds": "time_to_first_chunk_seconds",
    "vllm:time_to_first_token_seconds": "time_to_first_chunk_seconds",
    "vllm:e2e_request_latency_seconds": "model_inference_duration_seconds",
    "gen_ai_server_time_per_output_token_seconds": "tokenpulse_time_per_output_token_seconds",
    "vllm:request_time_per_output_token_seconds": "tokenpulse_time_per_output_token_seconds",
}
"""A profile's histogram → the one of ours that has the same values in other buckets."""


def _with(**changes: object) -> Facts:
    """Return the facts with a series changed."""
    base = facts()
    changed = replace(series(), **changes)  # type: ignore[arg-type]  # of a test
    return replace(
        base, totals=replace(base.totals, models=(ModelTotals("openai", "openai/gpt-4o", changed),))
    )


def _counted(name: str, exposition: Exposition, profile: Profile) -> dict[float, float]:
    """Return upper bound → requests at or below it, over all series of a histogram."""
    text = exposition.answer(Scrape(families=frozenset((name,)), profile=profile)).whole().decode()
    (family,) = parse_text(text)
    counts: dict[float, float] = {}
    for sample in family.samples:
        if sample.name == f"{name}_bucket":
            bound = float(sample.labels["le"])
            counts[bound] = counts.get(bound, 0.0) + sample.value
    return counts


def test_every_metric_of_the_profiles_is_told_here() -> None:
    """What is added is tested."""
    names = {metric.name for profile in ("otel", "vllm") for metric in METRICS_OF[profile]}  # type: ignore[index]  # literals

    assert names == COUNT_AND_SUM.keys() | EXPECTED.keys()


@pytest.mark.parametrize("name", COUNT_AND_SUM)
def test_histogram_rows(name: str) -> None:
    """Each histogram has the right number of values, the right sum."""
    rows = [
        (labels, value.value_count, value.sum)
        for labels, value in COLLECTORS[name](facts())
        if isinstance(value, HistogramTotals)
    ]

    assert rows == COUNT_AND_SUM[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_rows(name: str) -> None:
    """The rows are exactly these, in this order."""
    assert list(COLLECTORS[name](facts())) == EXPECTED[name]


@pytest.mark.parametrize("name", SAME)
def test_buckets_that_profiles_share_hold_the_same_counts(name: str) -> None:
    """A bound that both have counts the same requests; a bucket is never made up."""
    exposition = Exposition(facts())
    mine = _counted(name, exposition, "otel" if name.startswith("gen_ai") else "vllm")
    ours = _counted(SAME[name], exposition, "tokenpulse")
    shared = mine.keys() & ours.keys()

    assert len(shared) >= 2
    assert {bound: mine[bound] for bound in shared} == {bound: ours[bound] for bound in shared}


def test_gaps_between_tokens_have_no_buckets_but_all() -> None:
    """They are kept as sketches, whose buckets are others: what is not counted is not shown."""
    counts = _counted("vllm:inter_token_latency_seconds", Exposition(facts()), "vllm")

    assert counts == {float("inf"): 48.0}


def test_finish_reasons_are_put_into_the_words_of_vllm() -> None:
    """Vendors call the same end by many names; what vLLM has no word for stays."""
    changed = _with(finish_reasons={"STOP": 1, "end_turn": 2, "tool_calls": 4, "MAX_TOKENS": 8, "SAFETY": 16})

    assert list(COLLECTORS["vllm:request_success_total"](changed)) == [
        ((*VLLM, "SAFETY"), 16),
        ((*VLLM, "length"), 8),
        ((*VLLM, "stop"), 7),
    ]


def test_running_requests_are_those_to_inference_endpoints() -> None:
    """Plain HTTP is no request to a model; a mounted app's route ends as the endpoint does."""
    base = facts()
    report = WriterReport(
        writer="w",
        at=1_000.0,
        version=None,
        in_progress=(
            ("POST", "/api/v1/chat/completions", 3),
            ("POST", "/v1/chat/completions", 2),
            ("GET", "/", 9),
        ),
        pending_batches=None,
        last_flush=None,
    )
    app = replace(base.totals.apps[0], writers=(report,))
    gone = replace(base.totals.apps[0], name="gone", writers=())
    changed = replace(base, totals=replace(base.totals, apps=(gone, app)))

    assert list(COLLECTORS["vllm:num_requests_running"](changed)) == [(("", "shop"), 5)]


@pytest.mark.parametrize("name", [name for name in COUNT_AND_SUM if name.startswith("gen_ai_")])
def test_a_series_stays_the_same_when_its_model_does_something_else(name: str) -> None:
    """Its labels do not depend on which endpoints it was asked at: a rate goes on."""
    timed = {("ttfb", "/v1/embeddings"): held(histogram.ENDPOINT, {0.1: 1}, 100_000)}
    before = [labels for labels, _ in COLLECTORS[name](facts())]
    after = [labels for labels, _ in COLLECTORS[name](_with(endpoints=timed))]

    assert after == before
