"""The hot endpoints: answered from kept bytes, which are those that a route would make."""

import asyncio
from contextlib import closing

import httpx

from tests.support.reader_client import reader_client
from tokenpulse.recorder import Recorder
from tokenpulse_reader.app import HOT_PATHS, create_app
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.store import MetricsStore

DEADLINE_SECONDS = 60.0


def write(url: str, count: int) -> None:
    with closing(Recorder(redis_url=url)) as recorder:
        for _ in range(count):
            recorder.record(provider="p", model="m", latency_ms=250.0, cost=0.5)
        assert recorder.flush()


async def requests_told(client: httpx.AsyncClient) -> int | None:
    """Return the requests of the last hour, as the hot endpoint tells them; None before the first."""
    count: int | None = (await client.get("/api/monitoring/stats/realtime")).json()["total_requests"]
    return count


def test_hot_paths_are_routes() -> None:
    """Each of them is one that reads."""
    app = create_app(Settings.load({}, redis_url="memory://hot"))
    reads = {route.path for route in app.routes if "GET" in route.methods}

    assert HOT_PATHS.keys() <= reads


async def test_kept_answers_are_those_that_routes_make(redis_url: str) -> None:
    """The first answer, the second from kept bytes, and one with a query that no route knows: the same."""
    await asyncio.to_thread(write, redis_url, 3)
    async with reader_client(redis_url, snapshot_interval=60) as client:
        for path in HOT_PATHS:
            made, kept, other = [await client.get(path + query) for query in ("", "", "?unknown=parameter")]

            assert made.status_code == 200, path
            assert made.content == kept.content == other.content, path
            assert made.headers == kept.headers == other.headers, path
            assert kept.headers["x-content-type-options"] == "nosniff"


async def test_formats_are_kept_apart(redis_url: str) -> None:
    """What Accept and Accept-Encoding ask for is given, in whatever order it is asked."""
    openmetrics = {"accept": "application/openmetrics-text"}
    async with reader_client(redis_url, snapshot_interval=60) as client:
        client.headers["accept-encoding"] = "identity"
        asked = [{}, openmetrics, {}, {"accept-encoding": "gzip"}, {**openmetrics, "accept-encoding": "gzip"}]
        answers = [await client.get("/metrics", headers=headers) for headers in (*asked, *asked)]

    kinds = [answer.headers["content-type"].split(";")[0] for answer in answers[:5]]
    assert kinds == [
        "text/plain", "application/openmetrics-text", "text/plain", "text/plain", "application/openmetrics-text",
    ]  # fmt: skip
    assert [answer.headers.get("content-encoding") for answer in answers[:5]] == [None] * 3 + ["gzip"] * 2
    assert [answer.content for answer in answers[:5]] == [answer.content for answer in answers[5:]]
    assert answers[3].content == answers[0].content


async def test_a_new_snapshot_is_a_new_answer(redis_url: str) -> None:
    """What was kept of the one before is not given any more."""
    await asyncio.to_thread(write, redis_url, 1)
    async with reader_client(redis_url, snapshot_interval=0.1) as client, asyncio.timeout(DEADLINE_SECONDS):
        before = await requests_told(client)
        await asyncio.to_thread(write, redis_url, 2)
        while (after := await requests_told(client)) == before:
            await asyncio.sleep(0.02)

    assert (before, after) == (1, 3)


async def test_without_a_lifespan_nothing_is_kept(redis_url: str) -> None:
    """Where only requests refresh the snapshot, each has to reach its route."""
    settings = Settings.load({}, redis_url=redis_url, snapshot_interval=0.1)
    async with MetricsStore(settings=settings) as store, asyncio.timeout(DEADLINE_SECONDS):
        transport = httpx.ASGITransport(app=create_app(settings, store=store))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            before = await requests_told(client)
            await asyncio.to_thread(write, redis_url, 2)
            while (after := await requests_told(client)) == before:
                await asyncio.sleep(0.02)

    assert (before, after) == (None, 2)


async def test_answers_sent_again_are_counted(redis_url: str) -> None:
    """As a cache of their own, beside the snapshot and the windows."""
    async with reader_client(redis_url, snapshot_interval=0.1) as client, asyncio.timeout(DEADLINE_SECONDS):
        samples = [f'cache_{kind}_total{{cache_name="answers"}}' for kind in ("hits", "misses")]
        text = ""
        while not all(sample in text for sample in samples):
            await client.get("/metrics")
            text = (await client.get("/metrics")).text
            await asyncio.sleep(0.02)
        counts = [float(text.partition(sample)[2].split()[0]) for sample in samples]

    assert min(counts) >= 1.0
