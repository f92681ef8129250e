"""The endpoints of `/api/monitoring` that answer from hours and days, compared with the ledger of the calls."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tests.support.calls import MODELS, PROVIDERS, Call
from tests.support.clock import FakeClock
from tests.support.past_traffic import (
    DAY,
    NOW,
    TIMESTAMP,
    assert_near,
    assert_rank,
    by_window,
    cost_usd,
    failed,
    mean_ms,
    of_model,
    priced,
    since,
    tokens,
    write_past,
)
from tests.support.reader_client import reader_client
from tests.support.redis_server import RedisServer
from tokenpulse.recorder import Recorder
from tokenpulse_shared.keyspace import stamp

HOUR_BEGIN = NOW // 3600 * 3600
TODAY = NOW // DAY * DAY


@pytest.fixture(scope="module")
def past(module_redis_server: RedisServer) -> tuple[str, list[Call]]:
    """Give the URL of a Redis with ninety days of calls, and the calls."""
    return module_redis_server.url, write_past(module_redis_server.url)


@pytest.fixture
def calls(past: tuple[str, list[Call]]) -> list[Call]:
    return past[1]


@pytest.fixture
async def reader(past: tuple[str, list[Call]]) -> AsyncIterator[httpx.AsyncClient]:
    async with reader_client(past[0], clock=FakeClock(NOW)) as client:
        yield client


async def get(client: httpx.AsyncClient, path: str, status: int = 200) -> Any:
    response = await client.get(f"/api/monitoring/{path}")
    assert response.status_code == status, response.text
    return response.json()


def window_begin(hours: int) -> float:
    return NOW // 60 * 60 - hours * 3600 if hours <= 2 else HOUR_BEGIN - (hours - 1) * 3600


def output_speed(calls: list[Call]) -> float:
    return tokens(calls)[1] / (sum(call.latency_ms for call in calls) / 1e3)


@pytest.mark.parametrize(("hours", "tolerance"), [(1, 0.011), (24, 0.022), (168, 0.022)])
async def test_comparison_is_the_ledger(
    reader: httpx.AsyncClient, calls: list[Call], hours: int, tolerance: float
) -> None:
    """Each provider's sums exact, its percentile within the bound, those with most requests first."""
    body = await get(reader, f"providers/comparison?hours={hours}")

    recent = since(calls, window_begin(hours))
    by_requests = sorted(PROVIDERS, key=lambda name: -len(of_model(recent, name, None)))
    assert [one["provider"] for one in body["providers"]] == by_requests
    assert body["total_providers"] == 3
    assert body["timestamp"] == TIMESTAMP
    assert body["coverage"] == pytest.approx(1.0, abs=0.01)
    for answer in body["providers"]:
        mine = of_model(recent, answer["provider"], None)
        assert answer["total_requests"] == len(mine)
        assert answer["successful_requests"] == len(mine) - failed(mine)
        assert answer["failed_requests"] == failed(mine)
        assert answer["success_rate"] == (len(mine) - failed(mine)) / len(mine)
        assert answer["avg_error_rate"] == failed(mine) / len(mine)
        assert_near(answer["avg_latency_ms"], mean_ms([call.latency_ms for call in mine]))
        assert_rank(answer["p95_latency_ms"], [call.latency_ms for call in mine], 95, tolerance)
        assert_near(answer["avg_ttft_ms"], mean_ms([c.ttft_ms for c in mine if c.ttft_ms is not None]))
        assert answer["total_cost"] == cost_usd(mine)
        assert answer["unpriced_requests"] == len(mine) - priced(mine)
        assert answer["total_tokens"] == sum(tokens(mine))
        assert answer["tokens_per_second"] == pytest.approx(output_speed(mine), rel=1e-9)
        assert answer["unique_models"] == len({call.model for call in mine})
        assert answer["health_status"] in {"healthy", "degraded", "unhealthy", "unknown"}


@pytest.mark.parametrize("days", [1, 7, 90])
async def test_cost_analysis_is_the_ledger(reader: httpx.AsyncClient, calls: list[Call], days: int) -> None:
    """Money to the nano-dollar, by provider and model, over days of the calendar; dearest first."""
    body = await get(reader, f"cost-analysis?days={days}")

    recent = since(calls, TODAY - (days - 1) * DAY)
    assert (body["period_days"], body["end_date"]) == (days, "2024-05-15")
    assert body["start_date"] == stamp("day", TODAY - (days - 1) * DAY)
    assert body["total_cost"] == cost_usd(recent)
    assert body["total_requests"] == len(recent)
    assert body["unpriced_requests"] == len(recent) - priced(recent)
    assert list(body["providers"]) == sorted(
        PROVIDERS, key=lambda name: -cost_usd(of_model(recent, name, None))
    )
    for provider, answer in body["providers"].items():
        mine = of_model(recent, provider, None)
        assert answer["total_cost"] == cost_usd(mine)
        assert answer["total_requests"] == len(mine)
        assert answer["cost_per_request"] == pytest.approx(cost_usd(mine) / priced(mine), rel=1e-12)
        assert sorted(answer["models"]) == sorted({call.model for call in mine})
        costs = [model["total_cost"] for model in answer["models"].values()]
        assert costs == sorted(costs, reverse=True)
        for model, part in answer["models"].items():
            theirs = of_model(mine, None, model)
            assert (part["total_cost"], part["total_requests"]) == (cost_usd(theirs), len(theirs))
            assert part["unpriced_requests"] == len(theirs) - priced(theirs)
    first_day = recent[0].at // DAY * DAY
    assert body["coverage"] == pytest.approx((NOW - first_day) / (NOW - TODAY + (days - 1) * DAY))


@pytest.mark.parametrize("model", [None, *MODELS])
@pytest.mark.parametrize("hours", [3, 168])
async def test_latency_trends_are_the_ledger(
    reader: httpx.AsyncClient, calls: list[Call], hours: int, model: str | None
) -> None:
    """A row for each hour that has data, oldest first; averages exact, percentiles within 2.2 %."""
    query = {"hours": hours} if model is None else {"hours": hours, "model": model}
    body = await get(reader, f"latency-trends/pro%3Avider%2Fx?{httpx.QueryParams(query)}")

    mine = since(of_model(calls, "pro:vider/x", model), HOUR_BEGIN - (hours - 1) * 3600)
    hourly = by_window(mine, 3600)
    assert (body["provider"], body["model"], body["hours"]) == ("pro:vider/x", model, hours)
    assert [row["hour"] for row in body["hourly_data"]] == [stamp("hour", start) for start in hourly]
    assert_near(body["overall_avg_latency_ms"], mean_ms([call.latency_ms for call in mine]))
    assert_rank(body["overall_p95_latency_ms"], [call.latency_ms for call in mine], 95, 0.022)
    for row, held in zip(body["hourly_data"], hourly.values(), strict=True):
        latencies = [call.latency_ms for call in held]
        assert row["count"] == len(held)
        assert_near(row["avg_latency_ms"], mean_ms(latencies))
        for name, percentile in (("p50", 50), ("p95_latency_ms", 95), ("p99_latency_ms", 99)):
            assert_rank(row[name], latencies, percentile, 0.022)
        ttfts = [call.ttft_ms for call in held if call.ttft_ms is not None]
        if ttfts:
            assert_near(row["avg_ttft_ms"], mean_ms(ttfts))
        else:
            assert row["avg_ttft_ms"] is None


@pytest.mark.parametrize("hours", [1, 24, 168])
async def test_error_rates_are_the_ledger(reader: httpx.AsyncClient, calls: list[Call], hours: int) -> None:
    """Each model over all its providers, by kind of failure, highest rate first."""
    body = await get(reader, f"error-rates?hours={hours}")

    recent = since(calls, window_begin(hours))
    rates = {
        model: failed(of_model(recent, None, model)) / len(of_model(recent, None, model)) for model in MODELS
    }
    assert list(body["models"]) == sorted(MODELS, key=lambda model: (-rates[model], model))
    assert body["overall_error_rate"] == failed(recent) / len(recent)
    for model, answer in body["models"].items():
        mine = of_model(recent, None, model)
        kinds = {
            kind: sum(c.error_type == kind for c in mine)
            for kind in ("timeout", "rate_limit", "network", "other")
        }
        assert answer == {
            "total_requests": len(mine),
            "failed_requests": failed(mine),
            "providers": sorted({call.provider for call in mine}),
            "error_rate": rates[model],
            "by_type": kinds,
            "by_outcome": {
                name: count
                for name, count in (
                    ("rate_limit", kinds["rate_limit"]),
                    ("timeout", kinds["timeout"]),
                    ("network", kinds["network"]),
                    ("provider_error", kinds["other"]),
                )
                if count
            },
        }


@pytest.mark.parametrize("days", [1, 7, 90])
@pytest.mark.parametrize("model", MODELS)
async def test_token_efficiency_is_the_ledger(
    reader: httpx.AsyncClient, calls: list[Call], days: int, model: str
) -> None:
    """Costs over the priced requests, tokens over those that told them, speed over all the time that was taken."""
    path = httpx.URL(f"http://x/openai/{model.replace('%', '%25')}").raw_path.decode()
    body = await get(reader, f"token-efficiency{path}?days={days}")

    mine = since(of_model(calls, "openai", model), TODAY - (days - 1) * DAY)
    told = [call for call in mine if call.tokens_input is not None]
    tokens_in, tokens_out = tokens(mine)
    cost = cost_usd(mine)
    assert cost is not None
    assert (body["provider"], body["model"], body["timestamp"]) == ("openai", model, TIMESTAMP)
    assert body["total_cost"] == cost
    assert body["total_tokens"] == tokens_in + tokens_out
    assert body["total_requests"] == len(mine)
    assert body["requests_without_usage"] == len(mine) - len(told)
    tokens_each = (tokens_in + tokens_out) / len(told)
    assert body["cost_per_token"] == pytest.approx(cost / priced(mine) / tokens_each, rel=1e-12)
    assert body["cost_per_request"] == pytest.approx(cost / priced(mine), rel=1e-12)
    assert body["tokens_per_request"] == (tokens_in + tokens_out) / len(told)
    assert body["avg_input_tokens"] == tokens_in / len(told)
    assert body["avg_output_tokens"] == tokens_out / len(told)
    assert body["output_input_ratio"] == tokens_out / tokens_in
    assert body["tokens_per_second"] == pytest.approx(output_speed(mine), rel=1e-9)


def speeds(calls: list[Call]) -> list[float]:
    return [
        (call.tokens_output - 1) / ((call.latency_ms - call.ttft_ms) / 1e3)
        for call in calls
        if call.ttft_ms is not None and call.tokens_output is not None and call.tokens_output > 1
    ]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_uptime_is_the_ledger(reader: httpx.AsyncClient, calls: list[Call], provider: str) -> None:
    """Three windows that end now, open or packed; percentiles of the last half hour within 1.1 %."""
    body = await get(reader, f"uptime/{provider.replace('/', '%2F')}/llama3:8b")

    mine = of_model(calls, provider, "llama3:8b")
    minute = NOW // 60 * 60
    for name, begin in (("5m", minute - 300), ("30m", minute - 1800), ("24h", HOUR_BEGIN - 23 * 3600)):
        recent = since(mine, begin)
        assert body[f"uptime_{name}"] == (len(recent) - failed(recent)) / len(recent)
        assert body[f"requests_{name}"] == len(recent)
    recent = since(mine, minute - 1800)
    ttfts = [call.ttft_ms for call in recent if call.ttft_ms is not None]
    for percentile in (50, 75, 90, 99):
        assert_rank(body["latency_30m"][f"p{percentile}"], [c.latency_ms for c in recent], percentile, 0.011)
        assert_rank(body["ttft_30m"][f"p{percentile}"], ttfts, percentile, 0.011)
        assert_rank(body["throughput_30m"][f"p{percentile}"], speeds(recent), percentile, 0.0112)
    assert body["units"] == {"latency_30m": "ms", "ttft_30m": "ms", "throughput_30m": "tokens/s"}
    assert 0.9 < body["coverage_30m"] <= 1.0


@pytest.mark.parametrize(
    "path",
    [
        "latency-trends/nobody",
        "latency-trends/openai?model=nothing",
        "token-efficiency/openai/nothing",
        "token-efficiency/nobody/openai/gpt-4o",
        "token-efficiency/openai",
        "uptime/openai/nothing",
        "uptime/openai",
    ],
)
async def test_what_was_never_seen_is_a_404(reader: httpx.AsyncClient, path: str) -> None:
    """Unknown names, or one that is missing."""
    body = await get(reader, path, 404)

    assert body["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("path", "parameter", "most"),
    [
        ("providers/comparison", "hours", 168),
        ("anomalies", "hours", 168),
        ("cost-analysis", "days", 90),
        ("latency-trends/openai", "hours", 168),
        ("error-rates", "hours", 168),
        ("token-efficiency/openai/llama3:8b", "days", 90),
    ],
)
async def test_bounds_are_kept(reader: httpx.AsyncClient, path: str, parameter: str, most: int) -> None:
    """Both ends are taken, one past them is a 400 that says what may be."""
    for value in (1, most):
        await get(reader, f"{path}?{parameter}={value}")
    for wrong in (0, most + 1, "x", "1e9", "-1", ""):
        body = await get(reader, f"{path}?{parameter}={wrong}", 400)
        assert body["error"]["parameter"] == parameter
        assert body["error"]["allowed"] == {"minimum": 1, "maximum": most}


PATHS = (
    "providers/comparison", "anomalies", "cost-analysis", "latency-trends/p", "error-rates",
    "token-efficiency/p/m", "uptime/p/m",
)  # fmt: skip


async def test_the_last_answer_is_served_while_redis_is_away(
    redis_server: RedisServer, open_recorder: Callable[..., Recorder]
) -> None:
    """The same numbers, marked as stale with their age; what was never asked for is a 503."""
    clock = FakeClock(NOW)
    recorder = open_recorder(redis_url=redis_server.url, clock=clock)
    recorder.record(provider="p", model="m", latency_ms=20.0)
    recorder.close()
    async with reader_client(redis_server.url, clock=clock) as client:
        before = [await get(client, path) for path in PATHS]
        redis_server.kill()
        clock.advance(60.0)
        after = [await get(client, path) for path in PATHS]
        unknown = await get(client, "cost-analysis?days=90", 503)

    assert [body["coverage"] > 0 for body in before] == [True] * len(PATHS)
    assert after == [{**body, "stale": True, "age_seconds": 60.0} for body in before]
    assert unknown["error"]["code"] == "store_unavailable"
