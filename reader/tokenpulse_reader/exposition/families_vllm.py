"""Turn the counters of (provider, model) series into the rows of profile `vllm`."""

from collections.abc import Callable, Iterator
from typing import Final

from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.families_models import latency_of
from tokenpulse_reader.exposition.rows import Collector, Row
from tokenpulse_shared.totals import totals
from tokenpulse_shared.totals.totals_records import HistogramTotals, SeriesTotals

FINISHED_REASONS: Final = {
    **dict.fromkeys(("stop", "end_turn", "stop_sequence", "complete", "finished", "completed"), "stop"),
    **dict.fromkeys(("tool_calls", "tool_use", "function_call", "tool_call"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "model_length"), "length"),
}
"""What providers call a finish reason, in lower case → vLLM's word, which also says stop after a call of a tool;
any other reason stays what it is."""


def _inter_token(series: SeriesTotals) -> HistogramTotals | None:
    tokens = series.counters.get("itl_count")
    return HistogramTotals([tokens], series.counters.get("itl_us", 0)) if tokens else None


def _of(quantity: str) -> Callable[[SeriesTotals], HistogramTotals | None]:
    return lambda series: series.histograms.get(quantity)


def _histograms(of: Callable[[SeriesTotals], HistogramTotals | None]) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for provider, model, series in facts.totals.models:
            held = of(series)
            if held is not None:
                yield (model, provider), held

    return collect


def _tokens(counter: str) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for provider, model, series in facts.totals.models:
            if series.counters.get(counter):
                yield (model, provider), series.counters[counter]

    return collect


def _finished(facts: Facts) -> Iterator[Row]:
    for provider, model, series in facts.totals.models:
        counts: dict[str, int] = {}
        for word, count in series.finish_reasons.items():
            reason = FINISHED_REASONS.get(word.lower(), word)
            counts[reason] = counts.get(reason, 0) + count
        for reason, count in sorted(counts.items()):
            yield (model, provider, reason), count


def _running(facts: Facts) -> Iterator[Row]:
    inference = tuple({endpoint for _, _, series in facts.totals.models for _, endpoint in series.endpoints})
    for app in facts.totals.apps:
        writers = facts.totals.fresh_writers(app)
        if writers:
            running = (held for report in writers for held in report.in_progress)
            yield ("", app.name), sum(count for _, route, count in running if route.endswith(inference))


VLLM_COLLECTORS: Final[dict[str, Collector]] = {
    "vllm:time_to_first_token_seconds": _histograms(_of(totals.TTFT)),
    "vllm:e2e_request_latency_seconds": _histograms(latency_of),
    "vllm:inter_token_latency_seconds": _histograms(_inter_token),
    "vllm:request_time_per_output_token_seconds": _histograms(_of(totals.TPOT)),
    "vllm:prompt_tokens_total": _tokens("tokens_input"),
    "vllm:generation_tokens_total": _tokens("tokens_output"),
    "vllm:request_success_total": _finished,
    "vllm:num_requests_running": _running,
}
