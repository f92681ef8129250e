"""Facts with known numbers, for tests of the exposition."""

from collections.abc import Mapping

from tokenpulse_reader.exposition.facts import Facts, LastDay
from tokenpulse_shared import histogram
from tokenpulse_shared.business_gauges import BusinessGauge
from tokenpulse_shared.circuits.circuit_counters import CircuitCounters
from tokenpulse_shared.exemplar import Exemplar
from tokenpulse_shared.scoring import compute_health
from tokenpulse_shared.totals.totals_records import (
    AppTotals,
    HistogramTotals,
    ModelTotals,
    RedisInfo,
    SeriesTotals,
    Totals,
    WriterReport,
)


def held(bounds: tuple[float, ...], values: Mapping[float, int], total: int) -> HistogramTotals:
    """Return a histogram of the values (value → how often) with the given sum."""
    counts = [0] * (len(bounds) + 1)
    for value, count in values.items():
        counts[histogram.bucket_of(bounds, value)] += count
    return HistogramTotals(counts, total)


def series() -> SeriesTotals:
    """Return a series of four requests, one of them an error after 50 s."""
    return SeriesTotals(
        counters={
            "total_requests": 4,
            "successful_requests": 3,
            "failed_requests": 1,
            "tokens_input": 100,
            "tokens_output": 50,
            "total_cost": 3_000_000,
            "unpriced_requests": 1,
            "usage:reported": 3,
            "usage:unknown": 1,
            "itl_us": 750_000,
            "itl_count": 48,
            "send_wait_us": 2_500,
            "send_wait_count": 4,
            "tokens_cache_write": 20,
        },
        histograms={
            "latency_success": held(histogram.LATENCY, {0.3: 2, 31.0: 1}, 31_600_000),
            "latency_error": held(histogram.LATENCY, {50.0: 1}, 50_000_000),
            "ttft": held(histogram.TTFT, {0.2: 2}, 400_000),
            "tpot": held(histogram.TPOT, {0.015: 2}, 30_000),
            "cost": held(histogram.COST, {0.001: 3}, 3_000_000),
            "cost_per_1k": held(histogram.COST, {0.02: 3}, 60_000_000),
            "input_tokens": held(histogram.TOKENS, {30: 1, 70: 1}, 100),
            "output_tokens": held(histogram.TOKENS, {25: 2}, 50),
        },
        endpoints={("ttfb", "/v1/chat/completions"): held(histogram.ENDPOINT, {0.2: 3}, 600_000)},
        finish_reasons={"stop": 2, "length": 1},
        error_types={"timeout": 1},
        created_at=900.25,
        exemplar=Exemplar("4bf92f3577b34da6a3ce929d0e0e4736", 1_000, 31.0, 0.2),
    )


def app() -> AppTotals:
    """Return an app with three exchanges on one route, a live writer and a writer that is gone."""
    exchange, failed = ("GET", "/items/{id}", "200"), ("GET", "/items/{id}", "500")
    sizes = {("GET", "/items/{id}"): held(histogram.SIZE, {50: 3}, 150)}
    return AppTotals(
        name="shop",
        created_at=800.5,
        requests={exchange: 2, failed: 1},
        durations={
            exchange: held(histogram.HTTP, {0.02: 2}, 40_000),
            failed: held(histogram.HTTP, {0.3: 1}, 300_000),
        },
        request_sizes=sizes,
        response_sizes=sizes,
        exceptions={"ValueError": 1},
        internal={
            "flushes": 7,
            "unrecoverable_observations": 6,
            "fault:usage_rejected": 2,
            "failure:timed_out": 3,
            "error:observe": 1,
            "overflow:model": 4,
            "novel": 9,
            "queries:batches:apply": 6,
            "query_us:batches": 9_000,
        },
        writers=(
            WriterReport(
                writer="alive",
                at=1_000.0,
                version="0.1.0",
                in_progress=(("GET", "/items/{id}", 2),),
                pending_batches=3,
                last_flush=999.5,
                pending_observations=7,
                clock_offset_seconds=-1.5,
            ),
            WriterReport(
                writer="gone",
                at=984.0,
                version="0.0.9",
                in_progress=(("GET", "/items/{id}", 5),),
                pending_batches=1,
                last_flush=984.0,
            ),
        ),
    )


def facts() -> Facts:
    """Return facts on one app, two models of one provider of which one has data, health, breakers."""
    return Facts(
        totals=Totals(
            taken_at=1_005.0,
            providers={"openai": SeriesTotals(counters={}, created_at=700.0)},
            models=(
                ModelTotals("openai", "openai/gpt-4o", series()),
                ModelTotals("openai", "silent", SeriesTotals(counters={})),
            ),
            apps=(app(),),
            redis=RedisInfo(numbers={"used_memory": 1_024, "keyspace_hits": 5}, keys={"0": 12}),
        ),
        health={"openai": compute_health(9, 1, 2.0), "quiet": compute_health(0, 0, None)},
        breakers={("openai", "a"): "CLOSED", ("openai", "b"): "OPEN", ("openai", "c"): "HALF_OPEN"},
        breaker_counters={
            "openai": CircuitCounters(
                moves={("CLOSED", "OPEN"): 2, ("OPEN", "HALF_OPEN"): 1},
                successes={"CLOSED": 90, "HALF_OPEN": 1},
                failures={"CLOSED": 10},
                rejected=4,
            )
        },
        gauges=(
            BusinessGauge("active_api_keys", ("active",), 12, 1_000.0),
            BusinessGauge("active_api_keys", ("revoked",), 3, 1_000.0),
            BusinessGauge("subscription_count", ("pro", "monthly"), 7, 1_000.0),
            BusinessGauge("trial_active", ("active",), 5, None),
        ),
        anomalies={"high_error_rate": 2},
        readers={
            "queries:totals:hgetall": 8,
            "queries:server:time": 2,
            "query_us:totals": 4_000,
            "query_us:server": 500,
            "hits:snapshot": 30,
            "misses:snapshot": 10,
            "task_errors": 1,
            "anomaly:high_error_rate": 3,
            "anomaly:cost_spike": 1,
        },
        last_day=LastDay(cost_nano_usd={"openai": 2_500_000}, uptime={"openai/gpt-4o": (9, 1)}),
    )
