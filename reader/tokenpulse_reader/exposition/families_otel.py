"""Turn the counters of (provider, model) series into the rows of profile `otel`."""

from collections.abc import Iterator
from typing import Final

from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.rows import Collector, Row
from tokenpulse_shared import totals
from tokenpulse_shared.totals_records import SeriesTotals

OTHER_ERROR: Final = "_OTHER"
"""What the conventions call an error that is not told apart; without an error the label is empty."""

_CHAT: Final = ("/chat/completions", "/agents/completions", "/chat", "/messages", "/responses", "awPredict")
_OPERATIONS: Final = (
    ((*_CHAT, "/converse", "/converse-stream"), "chat"),
    (("/completions", "/generate"), "text_completion"),
    (("enerateContent",), "generate_content"),
    (("/embeddings", "/embed", ":embedContent", ":batchEmbedContents"), "embeddings"),
    (("",), ""),
)
"""How an endpoint ends → the conventions' word, empty for any other endpoint; the first that fits."""

_DURATIONS: Final = (("", totals.LATENCY_SUCCESS), (OTHER_ERROR, totals.LATENCY_ERROR))
_TOKENS: Final = (("input", totals.INPUT_TOKENS), ("output", totals.OUTPUT_TOKENS))


def operation_of(series: SeriesTotals) -> str:
    """Return what a series does; empty where its endpoints are not known or do different things."""
    words = {_operation(endpoint) for _, endpoint in series.endpoints}
    return words.pop() if len(words) == 1 else ""


def _operation(endpoint: str) -> str:
    return next(word for ends, word in _OPERATIONS if endpoint.endswith(ends))


def _plain(quantity: str) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for provider, model, series in facts.totals.models:
            held = series.histograms.get(quantity)
            if held is not None:
                yield (operation_of(series), provider, model), held

    return collect


def _told_apart(quantities: tuple[tuple[str, str], ...]) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for provider, model, series in facts.totals.models:
            for label, quantity in quantities:
                held = series.histograms.get(quantity)
                if held is not None:
                    yield (operation_of(series), provider, model, label), held

    return collect


OTEL_COLLECTORS: Final[dict[str, Collector]] = {
    "gen_ai_server_request_duration_seconds": _told_apart(_DURATIONS),
    "gen_ai_server_time_to_first_token_seconds": _plain(totals.TTFT),
    "gen_ai_server_time_per_output_token_seconds": _plain(totals.TPOT),
    "gen_ai_client_token_usage": _told_apart(_TOKENS),
}
