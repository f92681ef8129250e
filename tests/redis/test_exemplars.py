"""A request's trace goes from its header to the exposition."""

from collections.abc import Callable

import httpx
import redis

from tests.support.redis_server import RedisServer
from tests.support.written import KEYS
from tokenpulse import TokenPulseMiddleware
from tokenpulse.asgi import Receive, Scope, Send
from tokenpulse.recorder import Recorder
from tokenpulse_shared.exemplar import Exemplar
from tokenpulse_shared.records import Observation
from tokenpulse_shared.store import MetricsStore

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
OTHER_TRACE = "0af7651916cd43dd8448eb211c80319c"


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    body = b'{"id":"1","object":"chat.completion","model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}'
    await receive()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
    )
    await send({"type": "http.response.body", "body": body})


async def test_the_header_of_a_request_reaches_the_store(redis_url: str) -> None:
    """With the request's own latency; a request without a trace leaves the last one."""
    seen: list[Observation] = []
    wrapped = TokenPulseMiddleware(_app, redis_url=redis_url, flush_interval=60.0, on_observation=seen.append)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(wrapped), base_url="http://app") as client:
        for headers in ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, {}):
            await client.post("/v1/chat/completions", json={"model": "openai/m"}, headers=headers)
    assert wrapped.recorder.flush()
    wrapped.recorder.close()
    async with MetricsStore(redis_url) as store:
        ((_, _, series),) = (await store.totals()).models

    assert [one.trace_id for one in seen] == [TRACE, None]
    assert series.exemplar is not None
    assert series.exemplar.trace_id == TRACE
    assert series.exemplar.latency_seconds == round(seen[0].latency_seconds or 0.0, 6)
    assert series.exemplar.ttft_seconds is None
    assert series.counters["total_requests"] == 2


async def test_the_last_trace_stays(redis_url: str, redis_client: redis.Redis) -> None:
    """One field for each series, whatever its traffic; what is no exemplar is left out and counted."""
    recorder = Recorder(redis_url=redis_url)
    for trace, model in ((OTHER_TRACE, "m"), (TRACE, "m"), (OTHER_TRACE, "n"), (None, "n")):
        recorder.observe(
            Observation("p", model, started_at=100.0, latency_seconds=2.0, ttft_seconds=0.5, trace_id=trace)
        )
    assert recorder.flush()
    recorder.close()
    async with MetricsStore(redis_url) as store:
        before = await store.totals()
        redis_client.hset(KEYS.totals("p", "n"), "exemplar", "mine")
        after = await store.totals()

    assert {model: series.exemplar for _, model, series in before.models} == {
        "m": Exemplar(TRACE, 102, 2.0, 0.5),
        "n": Exemplar(OTHER_TRACE, 102, 2.0, 0.5),
    }
    assert {model: series.exemplar is None for _, model, series in after.models} == {"m": False, "n": True}
    assert after.unreadable_fields == before.unreadable_fields + 1


async def test_a_recorded_call_may_have_a_trace(recorder: Recorder, redis_url: str) -> None:
    """What an app without the middleware records reaches the store alike; an id that cannot be used is set aside."""
    recorder._started = True
    recorder.record(provider="p", model="m", latency_ms=1500.0, ttft_ms=250.0, trace_id=TRACE.upper())
    recorder.record(provider="p", model="m", latency_ms=99.0, trace_id="span-7")
    recorder.record(provider="p", model="m", latency_ms=99.0)
    assert recorder.flush()
    async with MetricsStore(redis_url) as store:
        ((_, _, series),) = (await store.totals()).models

    assert series.exemplar is not None
    assert series.exemplar._replace(at=0) == Exemplar(TRACE, 0, 1.5, 0.25)
    assert series.counters["total_requests"] == 3
    assert recorder.stats()["dropped"] == {"trace_id_rejected": 1}


async def test_the_last_trace_of_an_outage_stays(
    make_recorder: Callable[..., Recorder], redis_server: RedisServer
) -> None:
    """Of each series, over minutes and failed flushes; a name refused afterwards gives its own to the rest."""
    recorder = make_recorder(redis_server.url, max_models_per_provider=1)
    assert recorder.flush()  # which dates what follows
    redis_server.kill()
    for trace, model, started_at in (
        (OTHER_TRACE, "m", 100.0),
        (TRACE, "m", 200.0),
        (None, "m", 300.0),
        (OTHER_TRACE, "n", 400.0),
    ):
        recorder.observe(Observation("p", model, started_at=started_at, latency_seconds=2.0, trace_id=trace))
        for _ in range(2):  # what the first one left in flight stays so, the rest is set aside
            assert not recorder.flush()
    redis_server.restart()
    assert recorder.flush()
    async with MetricsStore(redis_server.url) as store:
        totals = await store.totals()

    assert recorder.stats()["pending"] == 0
    assert {model: series.exemplar for _, model, series in totals.models} == {
        "m": Exemplar(TRACE, 202, 2.0),
        "__other__": Exemplar(OTHER_TRACE, 402, 2.0),
    }
