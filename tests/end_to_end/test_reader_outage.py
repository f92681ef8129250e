"""Redis goes while the reader serves over a real socket: the last good answers, marked; never zeros."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx

from tests.support.redis_server import RedisServer
from tokenpulse.recorder import Recorder
from tokenpulse_reader.app import create_app
from tokenpulse_reader.http.serving import BackgroundServer, open_listener
from tokenpulse_shared.settings import Settings

DEADLINE_SECONDS = 60.0


@contextlib.asynccontextmanager
async def serving(redis_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a reader on a socket of its own, refreshed every 0.1 s."""
    settings = Settings.load({}, redis_url=redis_url, snapshot_interval=0.1)
    with contextlib.closing(open_listener("127.0.0.1", 0, flag="--port")) as listener:
        server = BackgroundServer(create_app(settings), listener, name="the reader")
        async with server, httpx.AsyncClient(base_url=server.url, timeout=10.0) as client:
            yield client


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it holds."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not await holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def write(url: str, count: int) -> None:
    with contextlib.closing(Recorder(redis_url=url)) as recorder:
        for _ in range(count):
            recorder.record(provider="p", model="m", latency_ms=250.0, error_message=None)
        recorder.record(provider="p", model="m", latency_ms=1.0, success=False, error_message="boom")
        assert recorder.flush()


async def test_the_last_good_answers_are_served_while_redis_is_away(redis_server: RedisServer) -> None:
    """Killed: same numbers with `stale`; what was never loaded is 503; back again: fresh numbers."""
    write(redis_server.url, 9)
    kept = ("stats/realtime", "stats/realtime?hours=24", "health/p", "stats/hourly/p", "latency/p/m")
    lists = ("health", "errors/p", "circuit-breakers", "circuit-breakers/p")
    async with serving(redis_server.url) as client:
        before = {path: (await client.get(f"/api/monitoring/{path}")).json() for path in (*kept, *lists)}
        assert (await client.get("/readyz")).status_code == 200
        redis_server.kill()

        async def all_are_stale() -> bool:  # each is served as fresh for 0.1 s after its own load
            answers = [await client.get(f"/api/monitoring/{path}") for path in (*kept, *lists)]
            return all(answer.headers["x-tokenpulse-stale"] == "true" for answer in answers)

        await eventually(all_are_stale)
        for path in kept:
            response = await client.get(f"/api/monitoring/{path}")
            body = response.json()
            assert response.status_code == 200, path
            assert (body.pop("stale"), before[path].pop("stale")) == (True, False)
            assert body.pop("age_seconds") > 0
            assert response.headers["x-tokenpulse-stale"] == "true"
            assert int(response.headers["age"]) >= 0
            if "realtime" not in path and path != "health/p":
                assert body == before[path]
            assert body.get("total_requests", 10) == 10
            assert body.get("sample_count", 10) == 10
        for path in lists:
            response = await client.get(f"/api/monitoring/{path}")
            items = response.json()
            assert len(items) == len(before[path]) == 1
            assert items[0]["stale"] is True
            assert items[0]["age_seconds"] > 0
            assert response.headers["x-tokenpulse-stale"] == "true"
        never_loaded = await client.get("/api/monitoring/stats/realtime?hours=7")
        assert never_loaded.status_code == 503
        assert never_loaded.json()["error"]["code"] == "store_unavailable"
        assert never_loaded.headers["retry-after"] == "2"
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["reason"] in {
            "Redis gave no answer: connection lost",
            "Redis gave no answer: connection refused",
        }
        assert (await client.get("/healthz")).status_code == 200

        redis_server.restart(keep_data=True)
        write(redis_server.url, 4)

        async def is_fresh() -> bool:
            body = (await client.get("/api/monitoring/stats/realtime")).json()
            return not body["stale"] and body["total_requests"] == 15

        await eventually(is_fresh)
        assert "age_seconds" not in (await client.get("/api/monitoring/health")).json()[0]
        assert (await client.get("/readyz")).status_code == 200


async def test_a_reader_that_starts_without_redis_serves_once_it_is_there(redis_server: RedisServer) -> None:
    """Nothing known: 503 everywhere but /healthz, in JSON; then the numbers."""
    url = redis_server.url
    redis_server.kill()
    async with serving(url) as client:
        for path in ("/api/monitoring/health", "/api/monitoring/stats/realtime", "/api/monitoring/errors/p"):
            response = await client.get(path)
            assert response.status_code == 503
            assert response.json()["error"]["code"] == "store_unavailable"
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/healthz")).status_code == 200
        redis_server.start()
        write(url, 1)

        async def is_served() -> bool:
            response = await client.get("/api/monitoring/stats/realtime")
            return response.status_code == 200 and response.json()["total_requests"] == 2

        await eventually(is_served)


async def test_a_frozen_redis_is_away_too(redis_server: RedisServer) -> None:
    """Connections stay open, nothing is answered: the reader still answers, stale."""
    write(redis_server.url, 1)
    async with serving(redis_server.url) as client:
        assert (await client.get("/api/monitoring/health/p")).json()["stale"] is False
        redis_server.pause()
        try:

            async def is_stale() -> bool:
                return bool((await client.get("/api/monitoring/health/p")).json()["stale"])

            await eventually(is_stale)
            assert (await client.get("/readyz")).status_code == 503
        finally:
            redis_server.resume()

        async def is_fresh() -> bool:
            return not (await client.get("/api/monitoring/health/p")).json()["stale"]

        await eventually(is_fresh)


async def test_many_at_once_are_one_load(redis_server: RedisServer) -> None:
    """Two hundred equal requests cost Redis a few commands, not a few hundred."""
    write(redis_server.url, 1)
    async with serving(redis_server.url) as client:
        with redis_server.client() as redis:
            await client.get("/api/monitoring/health")
            before = redis.info("commandstats").get("cmdstat_zrange", {}).get("calls", 0)
            answers = await asyncio.gather(
                *(client.get("/api/monitoring/stats/realtime?hours=24") for _ in range(200))
            )
            after = redis.info("commandstats")["cmdstat_zrange"]["calls"]

    assert {answer.status_code for answer in answers} == {200}
    assert after - before < 150
