"""`/api/metrics`, `/health/dashboard` and `/models/stats` over a real Redis, compared with a ledger."""

from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import httpx
import pytest
import redis

from tests.support.calls import MODELS, PROVIDERS, Call, chosen, nearest_rank, random_calls, replay
from tests.support.clock import FakeClock
from tests.support.reader_client import reader_client
from tests.support.sealing import seal
from tokenpulse.recorder import Recorder
from tokenpulse_shared.keyspace import Keyspace

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
HOUR = 1_715_767_200
CALLS = random_calls(33, 1200, NOW - 4.4 * 3600, NOW)


@pytest.fixture
async def reader(redis_url: str, redis_client: redis.Redis) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a reader whose store holds `CALLS`, partly packed."""
    clock = FakeClock(NOW - 5 * 3600)
    with closing(Recorder(redis_url=redis_url, clock=clock)) as recorder:
        replay(CALLS, recorder, clock, NOW)
    seal(redis_client, Keyspace(), "groq")
    seal(redis_client, Keyspace(), "openai", 20)
    async with reader_client(redis_url, clock=clock) as client:
        yield client


async def get(client: httpx.AsyncClient, path: str, status: int = 200) -> Any:
    response = await client.get(path)
    assert response.status_code == status, response.text
    return response.json()


def of_hour(start: int, model: str) -> list[Call]:
    return chosen(CALLS, lambda call: call.model == model and start <= call.at < start + 3600)


def mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def score(calls: list[Call]) -> float:
    """Return the published formula, 10 s being acceptable."""
    rate = sum(call.success for call in calls) / len(calls)
    latency = sum(call.latency_ms for call in calls) / len(calls) / 1000
    return round(100 * (0.7 * rate + 0.3 * (1 - min(latency / 10, 1))), 2)


async def test_the_leaderboard_is_the_ledgers(reader: httpx.AsyncClient) -> None:
    """Models of the hour over all their providers, by score, in either order; `limit` cuts."""
    for back, bucket in ((0, ""), (1, "&time_bucket=2024-05-15-09")):
        start = HOUR - back * 3600
        expected = sorted((score(of_hour(start, model)), model) for model in MODELS)
        best = await get(reader, f"/api/metrics/health/leaderboard?order=desc{bucket}")
        worst = await get(reader, f"/api/metrics/health/leaderboard?order=asc{bucket}")
        assert [(held["health_score"], held["model_id"]) for held in worst["models"]] == expected
        assert best["models"] == worst["models"][::-1]
        for held in best["models"]:
            mine = of_hour(start, held["model_id"])
            ttfts = [call.ttft_ms for call in mine if call.ttft_ms is not None]
            assert held["requests"] == len(mine)
            assert held["success_rate"] == pytest.approx(100 * sum(call.success for call in mine) / len(mine))
            assert held["avg_ttft_ms"] == pytest.approx(mean(ttfts), abs=0.001)
            assert held["avg_total_time_ms"] == pytest.approx(
                mean([call.latency_ms for call in mine]), abs=0.001
            )
        assert (best["time_bucket"], best["order"], best["limit"]) == (
            f"2024-05-15-{10 - back:02}",
            "desc",
            10,
        )
        assert best["stale"] is False
    assert len((await get(reader, "/api/metrics/health/leaderboard?limit=2"))["models"]) == 2


async def test_an_hour_nobody_knows_has_an_empty_leaderboard(reader: httpx.AsyncClient) -> None:
    body = await get(reader, "/api/metrics/health/leaderboard?time_bucket=2024-05-10-01")

    assert (body["models"], body["coverage"]) == ([], 0.0)


async def test_a_providers_summary_is_its_realtime(reader: httpx.AsyncClient) -> None:
    """The same numbers under the other path; a stranger is 404, no provider at all 400."""
    for bucket in ("", "&time_bucket=2024-05-15-08"):
        summary = await get(reader, f"/api/metrics/provider/summary?provider=groq{bucket}")
        realtime = await get(reader, f"/api/metrics/realtime?type=provider&id=groq{bucket}")
        assert summary["provider"] == "groq"
        assert summary["data"] == realtime["data"]
        assert summary["data"]["total_requests"] > 0
    await get(reader, "/api/metrics/provider/summary?provider=never", 404)
    assert (await get(reader, "/api/metrics/provider/summary", 400))["error"]["parameter"] == "provider"


async def test_a_name_is_found_as_the_app_gave_it(redis_url: str) -> None:
    """A name that is too long, or holds control characters, is cleaned in a question as it was in the record."""
    provider, model, gateway = ("\n".join((word, "y" * 300)) for word in ("provider", "model", "gateway"))
    clock = FakeClock(NOW)
    with closing(Recorder(redis_url=redis_url, clock=clock)) as recorder:
        recorder.record(provider=provider, model=model, gateway=gateway, latency_ms=10.0)
        assert recorder.flush()

    async with reader_client(redis_url, clock=clock) as client:
        for kind, name, count in (
            ("provider", provider, "total_requests"),
            ("model", model, "requests"),
            ("gateway", gateway, "success"),
        ):
            query = httpx.QueryParams({"type": kind, "id": name})
            answer = await get(client, f"/api/metrics/realtime?{query}")

            assert answer["data"][count] == 1
            assert answer["id"] == answer["data"][kind]
        summary = await get(
            client, f"/api/metrics/provider/summary?{httpx.QueryParams({'provider': provider})}"
        )
        query = httpx.QueryParams({"model": model, "metric": "requests", "hours": "1"})
        trend = await get(client, f"/api/metrics/trends?{query}")

        assert (summary["provider"], summary["data"]["total_requests"]) == (summary["data"]["provider"], 1)
        assert [point["value"] for point in trend["data_points"]] == [1]


async def test_trends_are_the_ledgers(reader: httpx.AsyncClient) -> None:
    """A value for each hour, oldest first; the hours before the first call are null, not 0."""
    starts = [HOUR - 3600 * back for back in range(7, -1, -1)]
    hours = [of_hour(start, "llama3:8b") for start in starts]
    expected: dict[str, list[float | None]] = {
        "requests": [len(mine) or None for mine in hours],
        "success_rate": [mean([100.0 * call.success for call in mine]) for mine in hours],
        "latency": [mean([call.latency_ms for call in mine]) for mine in hours],
        "ttft": [mean([call.ttft_ms for call in mine if call.ttft_ms is not None]) for mine in hours],
        "tokens": [
            sum((call.tokens_input or 0) + (call.tokens_output or 0) for call in mine) or None
            for mine in hours
        ],
    }

    assert [bool(mine) for mine in hours] == [False] * 3 + [True] * 5
    for metric, values in expected.items():
        body = await get(reader, f"/api/metrics/trends?model=llama3:8b&metric={metric}&hours=8")
        assert [point["time_bucket"] for point in body["data_points"]] == [
            f"2024-05-15-{hour:02}" for hour in range(3, 11)
        ]
        for point, value in zip(body["data_points"], values, strict=True):
            assert point["value"] == (None if value is None else pytest.approx(value, abs=0.001)), metric
        assert (body["model"], body["metric"], body["hours"]) == ("llama3:8b", metric, 8)
    default = await get(reader, "/api/metrics/trends?model=llama3%3A8b&metric=requests")
    assert len(default["data_points"]) == 6


async def test_what_cannot_be_answered_is_said(reader: httpx.AsyncClient) -> None:
    """400 names the parameter, 404 is for what was never seen."""
    for query, status, parameter in (
        ("trends?metric=ttft", 400, "model"),
        ("trends?model=openai/gpt-4o", 400, "metric"),
        ("trends?model=openai/gpt-4o&metric=speed", 400, "metric"),
        ("trends?model=openai/gpt-4o&metric=ttft&hours=25", 400, "hours"),
        ("trends?model=never&metric=ttft", 404, None),
        ("health/leaderboard?order=up", 400, "order"),
        ("health/leaderboard?limit=101", 400, "limit"),
        ("health/leaderboard?time_bucket=today", 400, "time_bucket"),
    ):
        error = (await get(reader, f"/api/metrics/{query}", status))["error"]
        assert error["parameter"] == parameter, query


async def test_models_stats_are_the_ledgers(reader: httpx.AsyncClient) -> None:
    """Each model of each provider over the last day, the most used first."""
    body = await get(reader, "/models/stats")

    assert len(body["models"]) == body["total_models"] == len(PROVIDERS) * len(MODELS)
    assert [held["requests"] for held in body["models"]] == sorted(
        (held["requests"] for held in body["models"]), reverse=True
    )
    for held in body["models"]:
        mine = chosen(
            CALLS,
            lambda call, pair=(held["provider"], held["model"]): (call.provider, call.model) == pair,
        )
        good, latencies = sum(call.success for call in mine), [call.latency_ms for call in mine]
        assert held["requests"] == len(mine)
        assert held["success_rate"] == held["uptime_24h"] == good / len(mine)
        assert held["avg_latency_ms"] == pytest.approx(mean(latencies), abs=0.001)
        assert held["p95_latency_ms"] == pytest.approx(nearest_rank(latencies, 95), rel=0.022)
        assert held["avg_ttft_ms"] == pytest.approx(
            mean([call.ttft_ms for call in mine if call.ttft_ms is not None]), abs=0.001
        )
        assert held["tokens_input"] == sum(call.tokens_input or 0 for call in mine)
        assert held["tokens_output"] == sum(call.tokens_output or 0 for call in mine)
        assert held["cost"] == sum(call.cost_nano_usd or 0 for call in mine) / 1e9
        assert held["unpriced_requests"] == sum(call.cost_nano_usd is None for call in mine)
    assert (body["hours"], body["stale"]) == (24, False)


async def test_the_dashboard_agrees_with_health(reader: httpx.AsyncClient) -> None:
    """The same scores and statuses as `/api/monitoring/health`, summed up."""
    body = await get(reader, "/health/dashboard")
    listed = await get(reader, "/api/monitoring/health")

    assert [(held["name"], held["status"], held["health_score"]) for held in body["providers"]] == [
        (held["provider"], held["status"], held["health_score"]) for held in listed
    ]
    for held, told in zip(body["providers"], listed, strict=True):
        assert held["error_rate"] == pytest.approx(1 - told["success_rate"])
        assert held["availability"] == 1.0
    statuses = [held["status"] for held in listed]
    assert body["summary"] == {
        "total_providers": 3,
        **{
            f"{name}_providers": statuses.count(name)
            for name in ("healthy", "degraded", "unhealthy", "unknown")
        },
        "avg_health_score": pytest.approx(sum(held["health_score"] for held in listed) / 3, abs=0.01),
    }
    assert body["system_status"] == (statuses[0] if len(set(statuses)) == 1 else "degraded")
    assert body["last_updated"] == listed[0]["last_updated"]
