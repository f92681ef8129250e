"""The whole in a few numbers, as `/prometheus/metrics/summary` gives it, pure. What is not known is None.

Rates are 0–1, costs USD, times milliseconds. Worked: 3 requests of which 1 ended with a 5xx: error_rate 0.3333.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.families_http import status_class
from tokenpulse_reader.exposition.families_models import cost_usd, latency_of
from tokenpulse_reader.exposition.families_readers import counted, query_durations
from tokenpulse_shared.scoring import Health
from tokenpulse_shared.totals.totals_records import HistogramTotals

Numbers = Mapping[str, Any]
Number = TypeVar("Number", int, float)


def summary_json(facts: Facts, requests_per_minute: float | None) -> dict[str, Numbers]:
    """Return the numbers by family; `requests_per_minute`: HTTP requests lately, None where it is not known."""
    models = _models(facts)
    return {
        "http": _http(facts, requests_per_minute),
        "models": models,
        "providers": _providers(facts),
        "database": _database(facts),
        "business": _business(facts, models),
    }


def http_requests(facts: Facts) -> int | None:
    """Return the HTTP requests of all apps, None before there was an app."""
    return _total(count for app in facts.totals.apps for count in app.requests.values())


def _http(facts: Facts, requests_per_minute: float | None) -> Numbers:
    apps = facts.totals.apps
    total = http_requests(facts)
    failed = sum(
        count
        for app in apps
        for (_, _, status), count in app.requests.items()
        if status_class(status) == "5xx"
    )
    writers = [writer for app in apps for writer in facts.totals.fresh_writers(app)]
    running = sum(count for writer in writers for _, _, count in writer.in_progress)
    return {
        "total_requests": total,
        "request_rate_per_minute": _rounded(requests_per_minute),
        "error_rate": _ratio(failed, total),
        "avg_latency_ms": _mean_ms(held for app in apps for held in app.durations.values()),
        "in_progress": running if writers else None,
    }


def _models(facts: Facts) -> Numbers:
    series = [held for _, _, held in facts.totals.models]
    tokens = ("tokens_input", "tokens_output")
    return {
        "total_inference_requests": _total(
            held.counters["total_requests"] for held in series if "total_requests" in held.counters
        ),
        "tokens_used_total": _total(
            held.counters[name] for held in series for name in tokens if name in held.counters
        ),
        "credits_used_total": _rounded(
            _total(cost for held in series if (cost := cost_usd(held)) is not None), 9
        ),
        "avg_inference_latency_ms": _mean_ms(
            timed for held in series if (timed := latency_of(held)) is not None
        ),
    }


def _providers(facts: Facts) -> Numbers:
    known = list(facts.health.values())
    return {
        "total_providers": len(known),
        "healthy_providers": _with_status(known, "healthy"),
        "degraded_providers": _with_status(known, "degraded"),
        "unavailable_providers": _with_status(known, "unhealthy"),
        "avg_error_rate": _mean([1.0 - one.success_rate for one in known if one.success_rate is not None]),
        "avg_response_time_ms": _mean(
            [one.average_latency_seconds * 1e3 for one in known if one.average_latency_seconds is not None]
        ),
    }


def _database(facts: Facts) -> Numbers:
    tables = query_durations(facts).values()
    queries = _total(held.value_count for held in tables)
    microseconds = sum(held.sum for held in tables)
    hits, misses = (sum(counted(facts, kind).values()) for kind in ("hits", "misses"))
    return {
        "total_queries": queries,
        "avg_query_latency_ms": _rounded(microseconds / queries / 1e3) if queries else None,
        "cache_hit_rate": _ratio(hits, hits + misses),
    }


def _business(facts: Facts, models: Numbers) -> Numbers:
    return {
        "active_api_keys": _gauge(facts, "active_api_keys", "active"),
        "active_subscriptions": _gauge(facts, "subscription_count"),
        "active_trials": _gauge(facts, "trial_active", "active"),
        "total_tokens_used": models["tokens_used_total"],
        "total_credits_used": models["credits_used_total"],
    }


def _gauge(facts: Facts, name: str, status: str | None = None) -> int | None:
    return _total(
        gauge.value for gauge in facts.gauges if gauge.name == name and status in (None, gauge.labels[0])
    )


def _with_status(known: list[Health], status: str) -> int:
    return sum(one.status == status for one in known)


def _total(numbers: Iterable[Number]) -> Number | None:
    """Return the sum, None of nothing."""
    total: Number | None = None
    for number in numbers:
        total = number if total is None else total + number
    return total


def _ratio(part: int, whole: int | None) -> float | None:
    return round(part / whole, 4) if whole else None


def _mean(numbers: list[float]) -> float | None:
    return _rounded(sum(numbers) / len(numbers), 4) if numbers else None


def _mean_ms(timed: Iterable[HistogramTotals]) -> float | None:
    held = list(timed)
    count = sum(one.value_count for one in held)
    return _rounded(sum(one.sum for one in held) / count / 1e3) if count else None


def _rounded(number: float | None, digits: int = 3) -> float | None:
    return None if number is None else round(number, digits)
