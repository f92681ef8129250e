"""Turn the counters of (provider, model) series into rows."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.metric import MICROSECONDS
from tokenpulse_reader.exposition.rows import NANO_USD, Collector, Row
from tokenpulse_shared.counters import USAGE_FIELDS
from tokenpulse_shared.totals import totals
from tokenpulse_shared.totals.totals_records import HistogramTotals, SeriesTotals

TOKEN_TYPES: Final = ("input", "output", "cached", "reasoning")
_STATUSES: Final = (("success", "successful_requests"), ("error", "failed_requests"))


def latency_of(series: SeriesTotals) -> HistogramTotals | None:
    """Return the latencies of successes plus errors, None when none was timed."""
    success = series.histograms.get(totals.LATENCY_SUCCESS)
    error = series.histograms.get(totals.LATENCY_ERROR)
    if success is None or error is None:
        return success or error
    return success.plus(error)


def cost_usd(series: SeriesTotals) -> float | None:
    """Return the cost of the priced requests, None when none had a price."""
    if totals.COST not in series.histograms:
        return None
    return series.counters.get("total_cost", 0) / NANO_USD


def _requests(facts: Facts) -> Iterator[Row]:
    for provider, model, series in facts.totals.models:
        if series.counters.get("total_requests"):
            for status, field in _STATUSES:
                yield (provider, model, status), series.counters.get(field, 0)


def _durations(facts: Facts) -> Iterator[Row]:
    for provider, model, series in facts.totals.models:
        held = latency_of(series)
        if held is not None:
            yield (provider, model), held


def _tokens(facts: Facts) -> Iterator[Row]:
    for provider, model, series in facts.totals.models:
        for token_type in TOKEN_TYPES:
            count = series.counters.get(f"tokens_{token_type}")
            if count:
                yield (provider, model, token_type), count


def _token_sources(facts: Facts) -> Iterator[Row]:
    for provider, model, series in facts.totals.models:
        if series.counters.get("total_requests"):
            for source, field in USAGE_FIELDS.items():
                yield (provider, model, source), series.counters.get(field, 0)


def _token_efficiency(facts: Facts) -> Iterator[Row]:
    tokens: dict[str, tuple[int, int]] = {}
    for _, model, series in facts.totals.models:
        consumed, produced = tokens.get(model, (0, 0))
        tokens[model] = (
            consumed + series.counters.get("tokens_input", 0),
            produced + series.counters.get("tokens_output", 0),
        )
    for model, (consumed, produced) in sorted(tokens.items()):
        if consumed and produced:
            yield (model,), produced / consumed


def _uptime(facts: Facts) -> Iterator[Row]:
    if facts.last_day is not None:
        for model, (successes, faults) in sorted(facts.last_day.uptime.items()):
            if successes + faults:
                yield (model,), successes / (successes + faults)


def _words(of: Callable[[SeriesTotals], Mapping[str, int]]) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for provider, model, series in facts.totals.models:
            for word, count in sorted(of(series).items()):
                yield (provider, model, word), count

    return collect


def _counter(field: str) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for provider, model, series in facts.totals.models:
            if series.counters.get(field):
                yield (provider, model), series.counters[field]

    return collect


def _seconds(quantity: str) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for provider, model, series in facts.totals.models:
            if series.counters.get(f"{quantity}_count"):
                yield (provider, model), series.counters.get(f"{quantity}_us", 0) / MICROSECONDS

    return collect


def histogram_of(quantity: str) -> Collector:
    """Return the collector of a quantity's histogram by provider, model."""

    def collect(facts: Facts) -> Iterator[Row]:
        for provider, model, series in facts.totals.models:
            held = series.histograms.get(quantity)
            if held is not None:
                yield (provider, model), held

    return collect


def _endpoint_histogram(quantity: str) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for provider, model, series in facts.totals.models:
            for (kind, endpoint), held in sorted(series.endpoints.items()):
                if kind == quantity:
                    yield (provider, model, endpoint), held

    return collect


def _costs(facts: Facts) -> Iterator[Row]:
    for provider, model, series in facts.totals.models:
        cost = cost_usd(series)
        if cost is not None:
            yield (provider, model), cost


MODEL_COLLECTORS: Final[dict[str, Collector]] = {
    "model_inference_requests_total": _requests,
    "model_inference_duration_seconds": _durations,
    "tokens_used_total": _tokens,
    "gatewayz_token_count_source_total": _token_sources,
    "gatewayz_token_efficiency": _token_efficiency,
    "gatewayz_model_uptime_24h": _uptime,
    "tokenpulse_finish_reasons_total": _words(lambda series: series.finish_reasons),
    "tokenpulse_errors_by_type_total": _words(lambda series: series.error_types),
    "tokenpulse_cache_write_tokens_total": _counter("tokens_cache_write"),
    "time_to_first_chunk_seconds": histogram_of(totals.TTFT),
    "backend_ttfb_seconds": _endpoint_histogram(totals.TTFB),
    "streaming_duration_seconds": _endpoint_histogram(totals.STREAMING),
    "tokenpulse_time_per_output_token_seconds": histogram_of(totals.TPOT),
    "tokenpulse_inter_token_seconds_total": _seconds("itl"),
    "tokenpulse_inter_token_tokens_total": _counter("itl_count"),
    "tokenpulse_send_wait_seconds_total": _seconds("send_wait"),
    "credits_used_total": _costs,
    "gatewayz_api_cost_usd_total": _costs,
    "gatewayz_api_cost_per_request_usd": histogram_of(totals.COST),
    "gatewayz_cost_per_1k_tokens_usd": histogram_of(totals.COST_PER_1K),
}
