"""The reader's JSON endpoints over a real Redis, filled by the real recorder, compared with a ledger."""

from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import datetime
from typing import Any

import httpx
import pytest
import redis

from tests.support.calls import Call, chosen, nearest_rank, random_calls, record, replay
from tests.support.clock import FakeClock
from tests.support.reader_client import reader_client
from tests.support.sealing import seal
from tokenpulse.recorder import Recorder
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.records import InterTokenLatency, Observation
from tokenpulse_shared.sketch import bucket_index

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
CALLS = random_calls(21, 1500, NOW - 7000, NOW)
COUNTS = ("total_requests", "successful_requests", "failed_requests", "tokens_input", "tokens_output")
TIMESTAMP = "2024-05-15T10:30:20.000+00:00"
FRESH = {"computed_at": TIMESTAMP, "stale": False}


@pytest.fixture
async def reader(redis_url: str, redis_client: redis.Redis) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a reader whose store holds `CALLS`, partly packed, and a provider long idle."""
    clock = FakeClock(NOW - 90_000)
    with closing(Recorder(redis_url=redis_url, clock=clock)) as recorder:
        record(recorder, CALLS[0]._replace(provider="idle", model="m", ttft_ms=None))
        replay(CALLS, recorder, clock, NOW)
    seal(redis_client, Keyspace(), "groq")
    seal(redis_client, Keyspace(), "openai", 20)
    async with reader_client(redis_url, clock=clock) as client:
        yield client


async def get(client: httpx.AsyncClient, path: str, status: int = 200) -> Any:
    response = await client.get(path)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    return response.json()


def counts_of(calls: list[Call]) -> dict[str, int]:
    return {
        "total_requests": len(calls),
        "successful_requests": sum(call.success for call in calls),
        "failed_requests": sum(not call.success for call in calls),
        "tokens_input": sum(call.tokens_input or 0 for call in calls),
        "tokens_output": sum(call.tokens_output or 0 for call in calls),
    }


def picked(body: dict[str, Any]) -> dict[str, int]:
    return {name: body[name] for name in COUNTS}


def assert_near(answer: float, exact: float, tolerance: float) -> None:
    assert abs(answer - exact) <= tolerance * exact + 0.0006


@pytest.mark.parametrize(("hours", "tolerance"), [(1, 0.011), (2, 0.011), (3, 0.022), (24, 0.022)])
async def test_realtime_is_the_ledger(reader: httpx.AsyncClient, hours: int, tolerance: float) -> None:
    """Counts exact, money to the nano-dollar, percentiles within the bound, the parts add up to the whole."""
    body = await get(reader, f"/api/monitoring/stats/realtime?hours={hours}")

    begin = NOW // 60 * 60 - hours * 3600 if hours <= 2 else NOW // 3600 * 3600 - (hours - 1) * 3600
    recent = chosen(CALLS, lambda call: call.at >= begin)
    assert sorted(body["providers"]) == ["groq", "idle", "openai", "pro:vider/x"]
    for provider, answer in body["providers"].items():
        mine = chosen(recent, lambda call, name=provider: call.provider == name)
        if not mine:
            continue
        assert picked(answer) == counts_of(mine)
        assert answer["total_cost"] == sum(call.cost_nano_usd or 0 for call in mine) / 1e9
        assert answer["total_tokens"] == answer["tokens_input"] + answer["tokens_output"]
        assert answer["error_rate"] == answer["failed_requests"] / len(mine)
        assert answer["success_rate"] == answer["successful_requests"] / len(mine)
        latencies = [call.latency_ms for call in mine]
        assert_near(answer["avg_latency_ms"], sum(latencies) / len(mine), 1e-6)
        for percentile in (50, 95, 99):
            assert_near(answer[f"p{percentile}_latency"], nearest_rank(latencies, percentile), tolerance)
        ttfts = [call.ttft_ms for call in mine if call.ttft_ms is not None]
        assert_near(answer["avg_ttft_ms"], sum(ttfts) / len(ttfts), 1e-6)
        parts = answer["hourly_breakdown"].values()
        assert {name: sum(part[name] for part in parts) for name in COUNTS} == picked(answer)
        assert sum(part["total_cost"] for part in parts) == pytest.approx(answer["total_cost"], rel=1e-12)
    assert body["total_requests"] == len(recent)
    assert body["total_errors"] == sum(not call.success for call in recent)
    assert body["total_cost"] == sum(call.cost_nano_usd or 0 for call in recent) / 1e9
    assert_near(body["p95_latency"], nearest_rank([call.latency_ms for call in recent], 95), tolerance)
    assert body["timestamp"] == TIMESTAMP
    assert body["stale"] is False
    assert "age_seconds" not in body


async def test_a_provider_without_data_has_neither_counts_nor_averages(reader: httpx.AsyncClient) -> None:
    """What is not known is null, never 0: why nothing is there is not known either."""
    body = await get(reader, "/api/monitoring/stats/realtime")

    assert body["providers"]["idle"] == {
        **dict.fromkeys(COUNTS),
        "total_cost": None,
        "unpriced_requests": None,
        "requests_without_usage": None,
        "success_rate": None,
        "error_rate": None,
        "total_tokens": None,
        "avg_latency_ms": None,
        "p50_latency": None,
        "p95_latency": None,
        "p99_latency": None,
        "avg_ttft_ms": None,
        "avg_tpot_ms": None,
        "avg_ttfb_ms": None,
        "avg_first_visible_ms": None,
        "avg_itl_ms": None,
        "avg_send_wait_ms": None,
        "health_score": 100.0,
        "health_status": "unknown",
        "hourly_breakdown": {},
        "coverage": 0.0,
    }


async def test_coverage_tells_since_when_there_is_data(
    redis_url: str, open_recorder: Callable[..., Recorder]
) -> None:
    """First data a quarter of an hour ago: that part of the window."""
    clock = FakeClock(NOW - 920)
    recorder = open_recorder(redis_url=redis_url, clock=clock)
    recorder.record(provider="p", model="m", latency_ms=1.0)
    recorder.flush()
    recorder.close()
    clock.advance(920)
    async with reader_client(redis_url, clock=clock) as client:
        hour = await get(client, "/api/monitoring/stats/realtime")
        day = await get(client, "/api/monitoring/stats/realtime?hours=24")

    assert hour["coverage"] == pytest.approx(920 / 3620)  # 10:15:00 … 10:30:20 of 09:30:00 … 10:30:20
    assert day["coverage"] == pytest.approx(1820 / (23 * 3600 + 1820))


async def test_health_is_the_published_formula_over_the_window_it_names(reader: httpx.AsyncClient) -> None:
    """Over successes and provider faults: with 5 calls a minute the window has grown beyond five minutes."""
    listed = await get(reader, "/api/monitoring/health")
    by_name = {item["provider"]: item for item in listed}
    groq = by_name["groq"]
    explained = await get(reader, "/api/monitoring/health/groq?explain=true")
    explanation = explained.pop("explanation")
    inputs = explanation["inputs"]
    begin = datetime.fromisoformat(inputs["window_start"]).timestamp()
    mine = chosen(CALLS, lambda call: call.provider == "groq" and call.at >= begin)
    rate = sum(call.success for call in mine) / len(mine)
    average = sum(call.latency_ms for call in mine) / len(mine)

    assert list(by_name) == ["groq", "idle", "openai", "pro:vider/x"]
    assert explained == groq == await get(reader, "/api/monitoring/health/groq?explain=false")
    assert begin < NOW // 60 * 60 - 300
    assert inputs["window_end"] == groq["last_updated"] == TIMESTAMP
    assert (inputs["successes"], inputs["faults"]) == (
        sum(call.success for call in mine),
        sum(not call.success for call in mine),
    )
    assert groq["sample_count"] == inputs["latency_count"] == len(mine)
    assert groq["success_rate"] == explanation["score"]["success_rate"] == rate
    assert_near(groq["avg_latency_ms"], average, 1e-6)
    assert groq["health_score"] == round(100 * (0.7 * rate + 0.3 * (1 - average / 10_000)), 2)
    assert groq["health_score"] == explanation["score"]["value"]
    assert groq["composite_score"] == explanation["composite"]["value"]
    assert (groq["coverage"], groq["source"]) == (1.0, "leader")
    assert explanation["window"]["reason"] == "few_calls"
    assert explanation["status"]["is_held_by_margin"] is False


async def test_health_of_a_provider_without_calls_is_unknown(reader: httpx.AsyncClient) -> None:
    """No part of a formula is told for it; a provider never seen is a 404, another word than true or false a 400."""
    idle = await get(reader, "/api/monitoring/health/idle?explain=true")
    explanation = idle.pop("explanation")

    assert idle == {
        "provider": "idle",
        "health_score": 100.0,
        "status": "unknown",
        "last_updated": TIMESTAMP,
        "sample_count": 0,
        "success_rate": None,
        "avg_latency_ms": None,
        "composite_score": None,
        "source": "leader",
        "coverage": 0.0,
        **FRESH,
    }
    assert [explanation[part]["value"] for part in ("score", "composite")] == [None, None]
    error = (await get(reader, "/api/monitoring/health/never", 404))["error"]
    assert error["code"] == "not_found"
    error = (await get(reader, "/api/monitoring/health/idle?explain=yes", 400))["error"]
    assert (error["parameter"], error["allowed"]) == ("explain", ["true", "false"])


@pytest.mark.parametrize("name", ["pro:vider/x", "pro%3Avider%2Fx", "pro:vider%2fx"])
async def test_a_providers_name_takes_anything(reader: httpx.AsyncClient, name: str) -> None:
    """Colons and slashes, raw or percent-encoded."""
    assert (await get(reader, f"/api/monitoring/health/{name}"))["provider"] == "pro:vider/x"
    assert (await get(reader, f"/api/monitoring/stats/hourly/{name}"))["provider"] == "pro:vider/x"
    assert len(await get(reader, f"/api/monitoring/errors/{name}?limit=3")) == 3
    assert {item["provider"] for item in await get(reader, f"/api/monitoring/circuit-breakers/{name}")} == {
        "pro:vider/x"
    }


async def test_errors_are_newest_first(reader: httpx.AsyncClient) -> None:
    """As they were written, each saying that it is fresh; a stranger is 404."""
    failed = chosen(CALLS, lambda call: call.provider == "openai" and not call.success)[-100:][::-1]
    body = await get(reader, "/api/monitoring/errors/openai?limit=1000")

    assert [(item["model"], item["type"]) for item in body] == [(c.model, c.error_type) for c in failed]
    assert body[0] == {
        "model": failed[0].model,
        "error": f"{failed[0].error_type} of {failed[0].model}",
        "type": failed[0].error_type,
        "status": None,
        "timestamp": pytest.approx(failed[0].at, abs=0.002),
        "latency_ms": pytest.approx(failed[0].latency_ms, abs=0.01),
        **FRESH,
    }
    assert len(await get(reader, "/api/monitoring/errors/openai?limit=2")) == 2
    await get(reader, "/api/monitoring/errors/never", 404)


async def test_hourly_rows_are_newest_first(reader: httpx.AsyncClient) -> None:
    """A row for each hour with data, the counts of that hour."""
    body = await get(reader, "/api/monitoring/stats/hourly/openai?hours=168")

    assert (body["provider"], body["hours"]) == ("openai", 168)
    assert list(body["data"]) == ["2024-05-15:10", "2024-05-15:09", "2024-05-15:08"]
    for hour, row in body["data"].items():
        mine = chosen(
            CALLS,
            lambda call, at=hour: (
                call.provider == "openai" and f"2024-05-15:{int(call.at % 86400 // 3600):02}" == at
            ),
        )
        assert picked(row) == counts_of(mine)
    assert list((await get(reader, "/api/monitoring/stats/hourly/openai?hours=1"))["data"]) == [
        "2024-05-15:10"
    ]
    assert list((await get(reader, "/api/monitoring/stats/hourly/idle?hours=168"))["data"]) == [
        "2024-05-14:09"
    ]
    await get(reader, "/api/monitoring/stats/hourly/never", 404)


@pytest.mark.parametrize(
    "model", ["openai/gpt-4o", "openai%2Fgpt-4o", "llama3:8b", "llama3%3A8b", "a%7Bb%7D%25c"]
)
async def test_latency_of_a_model(reader: httpx.AsyncClient, model: str) -> None:
    """Every way to write a model's id in a path finds it."""
    body = await get(reader, f"/api/monitoring/latency/openai/{model}?percentiles=50,99.9,100&hours=2")

    name = {"openai%2Fgpt-4o": "openai/gpt-4o", "llama3%3A8b": "llama3:8b", "a%7Bb%7D%25c": "a{b}%c"}.get(
        model, model
    )
    begin = NOW // 60 * 60 - 7200
    mine = chosen(CALLS, lambda call: (call.provider, call.model) == ("openai", name) and call.at >= begin)
    latencies = [call.latency_ms for call in mine]
    assert (body["provider"], body["model"], body["metric"], body["count"]) == (
        "openai",
        name,
        "latency",
        len(mine),
    )
    assert_near(body["avg"], sum(latencies) / len(mine), 1e-6)
    assert_near(body["min"], min(latencies), 0.011)
    assert_near(body["max"], max(latencies), 0.011)
    for key, percentile in (("p50", 50.0), ("p99.9", 99.9), ("p100", 100.0)):
        assert_near(body[key], nearest_rank(latencies, percentile), 0.011)
    assert "p95" not in body


async def test_latency_of_ttft(reader: httpx.AsyncClient) -> None:
    """`metric=ttft` counts streams only; nothing measured is 404."""
    body = await get(reader, "/api/monitoring/latency/groq/llama3:8b?metric=ttft&hours=24")

    streamed = chosen(
        CALLS, lambda c: (c.provider, c.model) == ("groq", "llama3:8b") and c.ttft_ms is not None
    )
    assert body["count"] == len(streamed)
    assert_near(body["p95"], nearest_rank([call.ttft_ms or 0.0 for call in streamed], 95), 0.022)
    for path in ("idle/m?metric=ttft&hours=168", "groq/never", "never/llama3:8b", "idle/m"):
        assert (await get(reader, f"/api/monitoring/latency/{path}", 404))["error"]["code"] == "no_data"


async def test_latency_tells_every_time_of_a_stream(
    redis_url: str, open_recorder: Callable[..., Recorder]
) -> None:
    """`by_metric` has what was measured, null for what was not; `metric` picks one; `itl` counts tokens."""
    clock = FakeClock(NOW)
    recorder = open_recorder(redis_url=redis_url, clock=clock)
    recorder.observe(
        Observation(
            "p", "m", latency_seconds=2.0, ttfb_seconds=0.125, ttft_seconds=0.25, tpot_seconds=0.03,
            send_wait_seconds=0.004, itl=InterTokenLatency(1.2, 40, ((bucket_index(0.03), 40),)),
        )
    )  # fmt: skip
    recorder.flush()
    recorder.close()
    async with reader_client(redis_url, clock=clock) as client:
        whole = await get(client, "/api/monitoring/latency/p/m?percentiles=90")
        gaps = await get(client, "/api/monitoring/latency/p/m?percentiles=90&metric=itl")
        await get(client, "/api/monitoring/latency/p/m?metric=first_visible", 404)
        await get(client, "/api/monitoring/latency/p/m?metric=jitter", 400)
        realtime = await get(client, "/api/monitoring/stats/realtime")

    averages = {"latency": 2000.0, "ttft": 250.0, "tpot": 30.0, "ttfb": 125.0, "itl": 30.0, "send_wait": 4.0}
    assert whole["by_metric"].pop("first_visible") is None
    assert {name: held["avg"] for name, held in whole["by_metric"].items()} == averages
    for name, held in whole["by_metric"].items():
        assert held["count"] == (40 if name == "itl" else 1)
        assert_near(held["p90"], averages[name], 0.011)
    assert {name: whole[name] for name in ("count", "avg", "min", "max", "p90")} == whole["by_metric"][
        "latency"
    ]
    assert {name: gaps[name] for name in ("count", "avg", "min", "max", "p90")} == gaps["by_metric"]["itl"]
    told = {name: realtime["providers"]["p"][f"avg_{name}_ms"] for name in (*averages, "first_visible")}
    assert told == {**averages, "first_visible": None}


async def test_circuit_breakers(redis_url: str, open_recorder: Callable[..., Recorder]) -> None:
    """Every known series; five timeouts in a row open one, which probes may enter a minute later."""
    clock = FakeClock(NOW)
    recorder = open_recorder(redis_url=redis_url, clock=clock)
    recorder.record(provider="p", model="a/good", latency_ms=1.0)
    for _ in range(5):
        recorder.record(provider="p", model="bad", latency_ms=1.0, success=False, error_type="timeout")
    recorder.flush()
    recorder.close()
    async with reader_client(redis_url, clock=clock, snapshot_interval=0.1) as client:
        good, bad = await get(client, "/api/monitoring/circuit-breakers")
        assert await get(client, "/api/monitoring/circuit-breakers/p") == [good, bad]
        await get(client, "/api/monitoring/circuit-breakers/q", 404)
    clock.advance(60.5)
    async with reader_client(redis_url, clock=clock) as client:
        _, probing = await get(client, "/api/monitoring/circuit-breakers")

    seen = good.pop("last_updated")
    assert isinstance(seen, float)
    assert good == {
        "provider": "p",
        "model": "a/good",
        "state": "CLOSED",
        "failure_count": 0,
        "is_available": True,
        "failure_rate": 0.0,
        "opened_at": None,
        "retry_at": None,
        "forced": None,
        "slow_call_rate": None,
        "slow_ttft_rate": None,
        **FRESH,
    }
    assert (bad["state"], bad["failure_count"], bad["is_available"], bad["failure_rate"]) == (
        "OPEN",
        5,
        False,
        1.0,
    )
    assert (bad["opened_at"], bad["retry_at"]) == (TIMESTAMP, "2024-05-15T10:31:20.000+00:00")
    assert (probing["state"], probing["is_available"]) == ("HALF_OPEN", True)


async def test_an_hour_of_a_model_over_all_its_providers(reader: httpx.AsyncClient) -> None:
    """Rates 0–100, averages in milliseconds, errors by four types that add up."""
    now = await get(reader, "/api/metrics/realtime?type=model&id=openai/gpt-4o")
    before = await get(
        reader, "/api/metrics/realtime?type=model&id=openai%2Fgpt-4o&time_bucket=2024-05-15-09"
    )
    empty = await get(reader, "/api/metrics/realtime?type=model&id=openai/gpt-4o&time_bucket=2024-05-14-09")

    for body, hour in ((now, 10), (before, 9)):
        mine = chosen(
            CALLS, lambda c, at=hour: c.model == "openai/gpt-4o" and int(c.at % 86400 // 3600) == at
        )
        good, data = sum(call.success for call in mine), body["data"]
        assert (body["type"], body["id"], body["stale"]) == ("model", "openai/gpt-4o", False)
        assert data["time_bucket"] == f"2024-05-15-{hour:02}"
        assert (data["requests"], data["success_count"], data["error_count"]) == (
            len(mine),
            good,
            len(mine) - good,
        )
        assert data["success_rate"] == pytest.approx(100 * good / len(mine))
        assert_near(data["avg_total_time_ms"], sum(call.latency_ms for call in mine) / len(mine), 1e-6)
        assert data["error_breakdown"] == {
            kind: sum(call.error_type == kind for call in mine)
            for kind in ("timeout", "rate_limit", "network", "other")
        }
    assert empty["data"]["requests"] is None
    assert (empty["data"]["success_rate"], empty["data"]["avg_ttft_ms"]) == (None, None)
    await get(reader, "/api/metrics/realtime?type=model&id=never", 404)


async def test_an_hour_of_a_provider(reader: httpx.AsyncClient) -> None:
    """Models by requests, the most used first."""
    data = (await get(reader, "/api/metrics/realtime?type=provider&id=openai"))["data"]

    mine = chosen(CALLS, lambda call: call.provider == "openai" and int(call.at % 86400 // 3600) == 10)
    models = {call.model for call in mine}
    ordered = sorted(
        ((sum(c.model == model for c in mine), model) for model in models), key=lambda p: (-p[0], p[1])
    )
    assert data["total_requests"] == len(mine)
    assert data["total_models"] == len(models)
    assert data["top_models"] == [{"model_id": model, "requests": count} for count, model in ordered]
    assert data["error_distribution"]["timeout"] == sum(call.error_type == "timeout" for call in mine)
    idle = (await get(reader, "/api/metrics/realtime?type=provider&id=idle"))["data"]
    assert (idle["total_requests"], idle["total_models"], idle["avg_success_rate"]) == (None, None, None)
    await get(reader, "/api/metrics/realtime?type=provider&id=never", 404)


async def test_an_hour_of_a_gateway(redis_url: str, open_recorder: Callable[..., Recorder]) -> None:
    """Success and errors apart."""
    clock = FakeClock(NOW)
    recorder = open_recorder(redis_url=redis_url, clock=clock)
    recorder.record(provider="p", model="a", latency_ms=100.0, gateway="gw")
    recorder.record(provider="p", model="b", latency_ms=200.0, gateway="gw", success=False)
    recorder.flush()
    recorder.close()
    async with reader_client(redis_url, clock=clock) as client:
        body = await get(client, "/api/metrics/realtime?type=gateway&id=gw")
        await get(client, "/api/metrics/realtime?type=gateway&id=never", 404)

    assert body == {
        "type": "gateway",
        "id": "gw",
        "data": {
            "gateway": "gw",
            "time_bucket": "2024-05-15-10",
            "success": 1,
            "errors": 1,
            "avg_response_time_ms": 150.0,
            "model_count": 2,
            "coverage": 1.0,
        },
        **FRESH,
    }


async def test_two_looks_at_one_snapshot_agree(reader: httpx.AsyncClient) -> None:
    """The hot endpoints are served from one snapshot, byte for byte."""
    for path in ("health", "circuit-breakers", "stats/realtime"):
        first = await reader.get(f"/api/monitoring/{path}")
        assert (await reader.get(f"/api/monitoring/{path}")).content == first.content


async def test_an_empty_store_is_empty_not_wrong(redis_url: str) -> None:
    """Before the first call: empty lists, null rates, ready."""
    async with reader_client(redis_url) as client:
        assert await get(client, "/api/monitoring/health") == []
        assert await get(client, "/api/monitoring/circuit-breakers") == []
        body = await get(client, "/api/monitoring/stats/realtime")
        assert (body["providers"], body["total_requests"], body["error_rate"]) == ({}, None, None)
        assert (body["avg_health_score"], body["p50_latency"], body["coverage"]) == (None, None, 0.0)
        assert (await get(client, "/readyz"))["status"] == "ready"
        assert await get(client, "/healthz") == {"status": "ok"}


async def test_a_server_without_lifespan_is_served_too(redis_url: str) -> None:
    """Requests then refresh the snapshot themselves."""
    from tokenpulse_reader.app import create_app
    from tokenpulse_shared.settings import Settings
    from tokenpulse_shared.store import MetricsStore

    async with MetricsStore(redis_url) as store:
        app = create_app(Settings.load({}, redis_url=redis_url), store=store)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://localhost"
        ) as client:
            assert await get(client, "/api/monitoring/health") == []
            assert (await get(client, "/readyz"))["status"] == "ready"


async def test_index_lists_every_endpoint(reader: httpx.AsyncClient) -> None:
    """What is listed is what is served."""
    body = await get(reader, "/")
    paths = {endpoint["path"] for endpoint in body["endpoints"]}
    assert {
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/monitoring/health",
        "/api/monitoring/health/{provider}",
        "/api/monitoring/errors/{provider}",
        "/api/monitoring/stats/realtime",
        "/api/monitoring/stats/hourly/{provider}",
        "/api/monitoring/latency/{provider}/{model}",
        "/api/monitoring/circuit-breakers",
        "/api/monitoring/circuit-breakers/{provider}",
        "/api/metrics/realtime",
    } <= paths
