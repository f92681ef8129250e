"""Windows of which nothing is known answer null, never 0: expired, still to come, on a Redis that holds nothing."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from typing import Any, Final

import httpx
import pytest

from tests.support.clock import FakeClock
from tests.support.openapi_cases import check_answer, target
from tests.support.reader_client import reader_client
from tokenpulse.recorder import Recorder
from tokenpulse_reader.openapi.table import OPERATIONS

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
DAY = 86_400.0
EXPIRED, LATER = "2024-05-05-10", "2024-06-01-00"
KINDS = {"model": "m", "provider": "p", "gateway": "g"}
TOKEN: Final = {"Authorization": "Bearer t"}
KEYED: Final = {"Idempotency-Key": "k"}
POSTED: Final[dict[str, Any]] = {
    "/api/metrics/chat": {"model": "p/m"},
    "/api/monitoring/events/trial": {"user_id": "u", "event": "started"},
    "/api/monitoring/gauges": {"active_api_keys": 3},
}
LISTED_HERE: Final = frozenset(
    (
        *("total_models", "total_providers", "healthy_providers", "degraded_providers"),
        *("unhealthy_providers", "unavailable_providers", "unknown_providers"),
        *("coverage", "coverage_30m", "cache_hit_rate", "snapshot_age_seconds"),
    )
)
"""What may be 0 where nothing is known: how long a list of the same answer is, how much of a window has data, what the
reader measured of itself."""


@pytest.fixture
async def reader(redis_url: str, open_recorder: Callable[..., Recorder]) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a reader whose last call came twenty days ago: of it only names and days are left."""
    clock = FakeClock(NOW - 20 * DAY)
    with closing(open_recorder(redis_url=redis_url, clock=clock)) as recorder:
        recorder.record(provider="p", model="m", gateway="g", latency_ms=5.0, cost=0.5, tokens_input=3)
    clock.advance(20 * DAY)
    async with reader_client(redis_url, clock=clock) as client:
        yield client


async def get(client: httpx.AsyncClient, path: str) -> Any:
    response = await client.get(path)
    assert response.status_code == 200, (path, response.text)
    return response.json()


@pytest.mark.parametrize("bucket", [EXPIRED, LATER, None])
async def test_an_hour_without_data_is_null(reader: httpx.AsyncClient, bucket: str | None) -> None:
    """Of a model, a provider, a gateway: each count, by itself and by kind of error."""
    asked = "" if bucket is None else f"&time_bucket={bucket}"
    none_by_kind = dict.fromkeys(("timeout", "rate_limit", "network", "other"))
    found = {
        kind: (await get(reader, f"/api/metrics/realtime?type={kind}&id={name}{asked}"))["data"]
        for kind, name in KINDS.items()
    }

    hour = {"time_bucket": bucket or "2024-05-15-10", "coverage": 0.0}
    assert found["model"] == {
        **hour,
        "model": "m",
        **dict.fromkeys(("requests", "success_count", "error_count", "success_rate")),
        **dict.fromkeys(("avg_ttft_ms", "avg_total_time_ms")),
        "error_breakdown": none_by_kind,
    }
    assert found["provider"] == {
        **hour,
        "provider": "p",
        **dict.fromkeys(("total_requests", "total_models", "avg_success_rate", "avg_ttft_ms")),
        "top_models": [],
        "error_distribution": none_by_kind,
    }
    assert found["gateway"] == {
        **hour,
        "gateway": "g",
        **dict.fromkeys(("success", "errors", "avg_response_time_ms", "model_count")),
    }
    assert (await get(reader, f"/api/metrics/provider/summary?provider=p{asked}"))["data"] == found[
        "provider"
    ]


async def test_a_window_partly_there_keeps_its_sums(reader: httpx.AsyncClient) -> None:
    """Thirty days hold the one call of twenty days ago, seven days hold nothing."""
    whole = await get(reader, "/api/monitoring/cost-analysis?days=30")
    lately = await get(reader, "/api/monitoring/cost-analysis?days=7")
    efficiency = await get(reader, "/api/monitoring/token-efficiency/p/m?days=30")

    assert (whole["total_requests"], whole["total_cost"]) == (1, 0.5)
    assert whole["coverage"] == pytest.approx((20 * DAY + 37_820) / (29 * DAY + 37_820))
    assert (lately["total_requests"], lately["total_cost"], lately["coverage"]) == (None, None, 0.0)
    assert (efficiency["total_requests"], efficiency["coverage"]) == (1, whole["coverage"])


def _zeros(value: Any, name: str = "") -> Iterator[str]:
    """Yield the names of the numbers in an answer that are 0."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _zeros(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _zeros(inner, name)
    elif value == 0 and not isinstance(value, bool):
        yield name


async def test_nothing_recorded_is_no_zero_anywhere(redis_url: str) -> None:
    """On an empty Redis each answer is as described, and tells no count; what is asked for by name is a 404."""
    async with reader_client(redis_url, clock=FakeClock(NOW)) as client:
        for operation in (held for held in OPERATIONS if held.method == "get" and held.path != "/api/live"):
            response = await client.get(target(operation))
            kind = response.headers["content-type"]
            named = 404 in (operation.statuses or {})
            assert response.status_code == (404 if named else 200), (operation.path, response.text)
            body = response.json() if kind == "application/json" else response.text
            check_answer(operation, response.status_code, kind, body)
            if isinstance(body, dict) and "openapi" not in body:
                assert set(_zeros(body)) <= LISTED_HERE, operation.path


async def test_without_redis_from_the_start_nothing_is_made_up(
    open_recorder: Callable[..., Recorder],
) -> None:
    """Each operation that asks Redis is a 503 that says when to ask again, written or read; the others answer."""
    url = "redis://127.0.0.1:1/0"
    answered, refused = set(), set()
    async with reader_client(
        url, ingest=open_recorder(redis_url=url), api_token="t", headers=TOKEN
    ) as client:
        for operation in OPERATIONS:
            body = POSTED.get(operation.path)
            response = await client.request(operation.method, target(operation), json=body, headers=KEYED)
            kind = response.headers["content-type"]
            told = response.json() if kind == "application/json" else response.text
            check_answer(operation, response.status_code, kind, told)
            if response.status_code == 200:
                answered.add(operation.path)
            elif operation.path != "/readyz":
                refused.add(
                    (response.status_code, response.headers.get("retry-after"), told["error"]["allowed"])
                )

    assert answered == {"/", "/healthz", "/openapi.json", "/prometheus/metrics/docs"}
    assert refused == {(503, "2", None)}
