"""Measurements that clients post, from the request to the answers they show in."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import redis

from tests.support.clock import FakeClock
from tests.support.processes import RunningProcess
from tests.support.reader_client import reader_client
from tests.support.redis_server import RedisServer
from tests.support.written import total
from tokenpulse.recorder import Recorder
from tokenpulse_shared.store import MetricsStore

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
TOKEN = {"Authorization": "Bearer t0ken"}
PATH = "/api/metrics/chat"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def recorder(redis_url: str, clock: FakeClock, open_recorder: Callable[..., Recorder]) -> Recorder:
    made = open_recorder(redis_url, clock=clock)
    made._started = True  # no thread: each flush is the test's own
    return made


@pytest.fixture
async def reader(redis_url: str, clock: FakeClock, recorder: Recorder) -> AsyncIterator[httpx.AsyncClient]:
    async with reader_client(
        redis_url, clock=clock, ingest=recorder, api_token="t0ken", headers=TOKEN, snapshot_interval=0.1
    ) as client:
        yield client


async def test_what_is_posted_is_counted_once_each(
    reader: httpx.AsyncClient, recorder: Recorder, redis_client: redis.Redis
) -> None:
    """One alone, then a list; the answers tell them as those that the middleware measured."""
    one = await reader.post(
        PATH,
        json={
            "model": "openai/gpt-4o",
            "gateway": "router",
            "session_id": "abc",
            "ttft_ms": 200,
            "total_time_ms": 1000.5,
            "network_time_ms": 100,
            "backend_time_ms": 900.5,
        },
    )
    many = await reader.post(
        PATH,
        json=[
            {"model": "openai/gpt-4o", "success": False, "error_type": kind, "total_time_ms": 499.5}
            for kind in ("timeout", "rate_limit", "network", "other", None)
        ],
    )
    recorder.flush()
    body = (await reader.get("/api/metrics/realtime?type=model&id=openai/gpt-4o")).json()["data"]
    gateway = (await reader.get("/api/metrics/realtime?type=gateway&id=router")).json()["data"]

    assert (one.status_code, one.json()) == (200, {"success": True})
    assert (many.status_code, many.json()) == (200, {"success": True})
    assert body == {
        "model": "openai/gpt-4o",
        "time_bucket": "2024-05-15-10",
        "requests": 6,
        "success_count": 1,
        "error_count": 5,
        "success_rate": pytest.approx(100 / 6),
        "avg_ttft_ms": 200.0,
        "avg_total_time_ms": 583.0,
        "error_breakdown": {"timeout": 1, "rate_limit": 1, "network": 1, "other": 2},
        "coverage": 1.0,
    }
    assert (gateway["success"], gateway["errors"], gateway["avg_response_time_ms"]) == (1, 0, 1000.5)
    assert total(redis_client, "openai", "openai/gpt-4o") == 6


async def test_a_list_with_a_fault_counts_nothing(reader: httpx.AsyncClient, recorder: Recorder) -> None:
    """The field is named with its place."""
    response = await reader.post(PATH, json=[{"model": "a/b"}, {"model": "a/b", "ttft_ms": "fast"}])
    recorder.flush()

    assert response.status_code == 400
    assert response.json()["error"] == {
        "code": "invalid_parameter",
        "message": "`[1].ttft_ms` must be a number from 0 to 86400000",
        "parameter": "[1].ttft_ms",
        "allowed": {"minimum": 0, "maximum": 86_400_000},
    }
    assert (await reader.get("/api/metrics/realtime?type=model&id=a/b")).status_code == 404


async def test_a_body_has_64_kib(reader: httpx.AsyncClient) -> None:
    """One byte more is refused."""
    body = b'{"model": "a/b"}'

    assert (await reader.post(PATH, content=body.ljust(65_536))).status_code == 200
    assert (await reader.post(PATH, content=body.ljust(65_537))).status_code == 413


async def test_without_anybody_who_takes_them_it_says_so(redis_url: str) -> None:
    """Not 200: nothing is lost in silence."""
    async with reader_client(redis_url, api_token="t0ken", headers=TOKEN) as client:
        response = await client.post(PATH, json={"model": "a/b"})

    assert (response.status_code, response.json()["error"]["code"]) == (501, "not_taken")


async def test_a_token_is_needed_unless_writes_are_open(redis_url: str, recorder: Recorder) -> None:
    """`allow_open_writes` opens this path alone, also where there is a token."""
    answers: dict[str, list[int]] = {}
    for name, given in {
        "none": {},
        "token": {"api_token": "t0ken"},
        "open": {"allow_open_writes": True},
        "open with token": {"allow_open_writes": True, "api_token": "t0ken"},
    }.items():
        async with reader_client(redis_url, ingest=recorder, **given) as client:
            paths = (PATH, "/api/monitoring/gauges", "/api/monitoring/events/trial")
            answers[name] = [(await client.post(path, json={"model": "a/b"})).status_code for path in paths]

    assert answers == {
        "none": [403, 403, 403],
        "token": [401, 401, 401],
        "open": [200, 403, 403],
        "open with token": [200, 401, 401],
    }


async def test_what_is_posted_while_redis_is_away_is_counted_when_it_is_back(
    redis_server: RedisServer, open_recorder: Callable[..., Recorder]
) -> None:
    """Measurements wait in memory; a gauge is refused, because nobody would keep it."""
    recorder = open_recorder(redis_server.url)
    recorder._started = True  # no thread: each flush is the test's own
    async with reader_client(
        redis_server.url, ingest=recorder, api_token="t0ken", headers=TOKEN, snapshot_interval=60.0
    ) as client:
        redis_server.kill()
        chat = await client.post(PATH, json=[{"model": "p/m"}] * 3)
        gauges = await client.post("/api/monitoring/gauges", json={"active_api_keys": 1})
        assert not recorder.flush()
        redis_server.start()
        assert recorder.flush()

    assert (chat.status_code, gauges.status_code) == (200, 503)
    assert gauges.json()["error"]["code"] == "not_written"
    with redis_server.client() as redis_client:
        assert total(redis_client, "p", "p/m") == 3
        assert not redis_client.exists("tokenpulse:gauges")


async def test_the_command_takes_posts_and_flushes_them_at_its_end(
    redis_url: str, redis_client: redis.Redis
) -> None:
    """`tokenpulse reader`: 40 clients at once, then SIGTERM; every measurement is in Redis, each once."""
    environment = {"TOKENPULSE_API_TOKEN": "t0ken", "TOKENPULSE_FLUSH_INTERVAL": "60"}
    arguments = ("reader", "--port", "0", "--redis-url", redis_url)
    with RunningProcess("tokenpulse_reader.cli", *arguments, environment=environment) as process:
        url = process.wait_for_line("reader   http").split()[1]
        async with httpx.AsyncClient(base_url=url, headers=TOKEN, trust_env=False) as client:
            answers: list[Any] = await asyncio.gather(
                *(client.post(PATH, json=[{"model": "p/m", "total_time_ms": 5}] * 25) for _ in range(40))
            )
        process.send_signal(signal.SIGTERM)

        assert process.wait() == 0
    assert {answer.status_code for answer in answers} == {200}
    assert total(redis_client, "p", "p/m") == 1000


async def test_a_post_with_a_key_counts_once_over_all_readers(
    redis_url: str, reader: httpx.AsyncClient, recorder: Recorder, clock: FakeClock, redis_client: redis.Redis
) -> None:
    """The later one is answered as the first, whichever reader it reaches; without a key each counts."""
    body = [{"model": "a/b"}] * 3
    keyed = {"Idempotency-Key": "7f9c"}
    async with reader_client(
        redis_url, clock=clock, ingest=recorder, api_token="t0ken", headers=TOKEN
    ) as second:
        answers = [await client.post(PATH, json=body, headers=keyed) for client in (reader, second, reader)]
        answers += [await client.post(PATH, json=body) for client in (reader, second)]
    other = await reader.post(PATH, json={"model": "a/b"}, headers=keyed)
    recorder.flush()

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"success": True})] * 5
    replayed = [answer.headers.get("idempotent-replayed") for answer in answers]
    assert replayed == [None, "true", "true", None, None]
    assert (other.status_code, other.json()["error"]["code"]) == (422, "key_reused")
    assert total(redis_client, "a", "a/b") == 9


async def test_a_post_that_is_wrong_does_not_use_its_key_up(
    reader: httpx.AsyncClient, recorder: Recorder, redis_client: redis.Redis
) -> None:
    """Put right, it counts under the same key; a key too long is named."""
    keyed = {"Idempotency-Key": "k"}
    wrong = await reader.post(PATH, json={"ttft_ms": 3}, headers=keyed)
    right = await reader.post(PATH, json={"model": "a/b", "ttft_ms": 3}, headers=keyed)
    long = await reader.post(PATH, json={"model": "a/b"}, headers={"Idempotency-Key": "k" * 256})
    recorder.flush()

    assert (wrong.status_code, right.status_code, long.status_code) == (400, 200, 400)
    assert long.json()["error"]["parameter"] == "Idempotency-Key"
    assert total(redis_client, "a", "a/b") == 1


async def test_a_post_that_is_under_way_is_told_to_wait(
    redis_url: str, reader: httpx.AsyncClient, recorder: Recorder, clock: FakeClock, redis_client: redis.Redis
) -> None:
    """A reader claimed the key and died: for 30 s nobody knows, then the post counts."""
    content, keyed = b'{"model": "a/b"}', {"Idempotency-Key": "k"}
    async with MetricsStore(redis_url, clock=clock) as store:
        assert await store.post_keys.claim("k", content, NOW) == "new"
    waiting = await reader.post(PATH, content=content, headers=keyed)
    clock.advance(30.0)
    again = await reader.post(PATH, content=content, headers=keyed)
    recorder.flush()

    assert (waiting.status_code, waiting.json()["error"]["code"]) == (409, "under_way")
    assert waiting.headers["retry-after"] == "2"
    assert (again.status_code, total(redis_client, "a", "a/b")) == (200, 1)


async def test_a_post_with_a_key_needs_redis(
    redis_server: RedisServer, open_recorder: Callable[..., Recorder]
) -> None:
    """Away: nothing is counted, which is said; back again the same post counts once."""
    keyed, body = {"Idempotency-Key": "k"}, {"model": "p/m"}
    recorder = open_recorder(redis_server.url)
    recorder._started = True  # no thread: each flush is the test's own
    async with reader_client(
        redis_server.url, ingest=recorder, api_token="t0ken", headers=TOKEN, snapshot_interval=60.0
    ) as client:
        redis_server.kill()
        away = await client.post(PATH, json=body, headers=keyed)
        redis_server.start()
        back = [await client.post(PATH, json=body, headers=keyed) for _ in range(2)]
        assert recorder.flush()

    assert (away.status_code, away.json()["error"]["code"]) == (503, "not_counted")
    assert away.headers["retry-after"] == "2"
    assert [answer.status_code for answer in back] == [200, 200]
    with redis_server.client() as redis_client:
        assert total(redis_client, "p", "p/m") == 1


async def test_a_counted_post_is_answered_though_its_key_cannot_be_noted(
    reader: httpx.AsyncClient,
    recorder: Recorder,
    redis_client: redis.Redis,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Redis goes away in between: what is counted is not taken back; the claim holds for a while."""
    record = recorder.record

    def record_and_break(**given: Any) -> None:
        record(**given)
        redis_client.set("tokenpulse:posts:{posts}:keys", "not a sorted set")

    recorder.record = record_and_break  # type: ignore[method-assign]  # what happens while it counts
    response = await reader.post(PATH, json={"model": "a/b"}, headers={"Idempotency-Key": "k"})
    recorder.flush()

    assert response.status_code == 200
    assert [held.message for held in caplog.records if held.name == "tokenpulse_reader.http.idempotency"] == [
        "a counted post is remembered for 30 s only: a key of the posts' keys holds something else"
    ]
    assert total(redis_client, "a", "a/b") == 1
