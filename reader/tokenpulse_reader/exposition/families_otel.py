"""Turn the counters of (provider, model) series into the rows of profile `otel`."""

from collections.abc import Iterator
from typing import Final

from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.rows import Collector, Row
from tokenpulse_shared.totals import totals

OTHER_ERROR: Final = "_OTHER"
"""What the conventions call an error that is not told apart; without an error the label is empty."""

OPERATION: Final = "inference"
"""The label `gen_ai_operation_name` of every series, which the conventions want to be there.

A word of our own, as they allow: a model may do several things, which these histograms do not count apart, and a word
taken from what it did so far would change with its next kind of request, so that its series ended there.
"""

_DURATIONS: Final = (("", totals.LATENCY_SUCCESS), (OTHER_ERROR, totals.LATENCY_ERROR))
_TOKENS: Final = (("input", totals.INPUT_TOKENS), ("output", totals.OUTPUT_TOKENS))


def _plain(quantity: str) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for provider, model, series in facts.totals.models:
            held = series.histograms.get(quantity)
            if held is not None:
                yield (OPERATION, provider, model), held

    return collect


def _told_apart(quantities: tuple[tuple[str, str], ...]) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for provider, model, series in facts.totals.models:
            for label, quantity in quantities:
                held = series.histograms.get(quantity)
                if held is not None:
                    yield (OPERATION, provider, model, label), held

    return collect


OTEL_COLLECTORS: Final[dict[str, Collector]] = {
    "gen_ai_server_request_duration_seconds": _told_apart(_DURATIONS),
    "gen_ai_server_time_to_first_token_seconds": _plain(totals.TTFT),
    "gen_ai_server_time_per_output_token_seconds": _plain(totals.TPOT),
    "gen_ai_client_token_usage": _told_apart(_TOKENS),
}
