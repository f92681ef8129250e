"""Measure how many records a second reach Redis.

Method: interleaved rounds of the same mixed traffic (20 models of 4 providers, deterministic values) through
`Recorder.record` with its flush, until all of it is in Redis, and through the obvious implementation: per request
one redis-py pipeline of six HINCRBY, a ZADD and two EXPIRE, with redis-py's defaults (a transaction) and its asyncio
client, for in an ASGI app a blocking one would stop every other request; the same server. Rates count wall time;
CPU is that of this process per record, the server's not included. Figures are medians over rounds, noise is the
interquartile range; the ratio compares the two within a round.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import redis.asyncio

from tests.bench.rounds import spread
from tests.bench.table import Figure
from tokenpulse import Recorder

RECORDS: Final = 40_000
"""A fifth of what the recorder takes in a second: it flushes five times as often as it would by itself."""
PIPELINES: Final = 600
ROUNDS: Final = 15
QUICK_ROUNDS: Final = 7
TIMES_FASTER: Final = 100.0
MODELS: Final = [(f"provider{at % 4}", f"model-{at}") for at in range(20)]


class Speed(NamedTuple):
    """Hold one round: records per second of wall time, CPU seconds of this process per record."""

    rate: float
    cpu_seconds: float


def measure_recorder(url: str, *, is_quick: bool) -> list[Figure]:
    """Return the figures of both ways."""
    recorder = Recorder(url, flush_interval=60.0)
    ours: list[Speed] = []
    obvious: list[Speed] = []
    for _ in range(1 + (QUICK_ROUNDS if is_quick else ROUNDS)):
        ours.append(_speed(lambda: _through_recorder(recorder), RECORDS))
        obvious.append(asyncio.run(_pipelines_speed(url)))
    recorder.close()
    return _figures(ours[1:], obvious[1:])  # the first rounds warmed up


def _speed(work: Callable[[], None], records: int) -> Speed:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Speed(records / (time.perf_counter() - wall), (time.process_time() - cpu) / records)


def _through_recorder(recorder: Recorder) -> None:
    record = recorder.record
    for at in range(RECORDS):
        provider, model = MODELS[at % 20]
        record(
            provider=provider,
            model=model,
            latency_ms=400.0 + at % 997,
            success=at % 50 != 0,
            cost=0.00125,
            tokens_input=210,
            tokens_output=80,
            ttft_ms=120.0 + at % 211,
        )
    if not recorder.flush():
        raise RuntimeError("the flush did not reach Redis: the rate would be of records that are not there")


async def _pipelines_speed(url: str) -> Speed:
    async with redis.asyncio.Redis.from_url(url) as client:
        await client.ping()  # connecting is not measured
        cpu, wall = time.process_time(), time.perf_counter()
        for at in range(PIPELINES):
            await _through_pipeline(client, at)
        return Speed(PIPELINES / (time.perf_counter() - wall), (time.process_time() - cpu) / PIPELINES)


async def _through_pipeline(client: redis.asyncio.Redis, at: int) -> None:
    provider, model = MODELS[at % 20]
    key, latency_key = f"obvious:{provider}:{model}", f"obvious:latency:{provider}:{model}"
    async with client.pipeline() as pipeline:
        pipeline.hincrby(key, "total_requests", 1)
        pipeline.hincrby(key, "successful_requests" if at % 50 else "failed_requests", 1)
        pipeline.hincrby(key, "tokens_input", 210)
        pipeline.hincrby(key, "tokens_output", 80)
        pipeline.hincrby(key, "total_cost", 1_250_000)
        pipeline.hincrby(key, "latency_us", (400 + at % 997) * 1000)
        pipeline.zadd(latency_key, {f"{time.time_ns()}": 400.0 + at % 997})
        pipeline.expire(key, 7200)
        pipeline.expire(latency_key, 7200)
        await pipeline.execute()


def _figures(ours: list[Speed], obvious: list[Speed]) -> list[Figure]:
    figures: list[Figure] = []
    for name, speeds in (("Recorder.record, flush included", ours), ("one pipeline a request", obvious)):
        rate = spread([speed.rate for speed in speeds])
        cpu = spread([speed.cpu_seconds * 1e6 for speed in speeds])
        figures.append(Figure(f"{name}: records", f"{rate.median:,.0f} /s", f"± {rate.iqr:,.0f}"))
        figures.append(Figure(f"{name}: CPU per record", f"{cpu.median:.2f} µs", f"± {cpu.iqr:.2f}"))
    times = spread([mine.rate / other.rate for mine, other in zip(ours, obvious, strict=True)])
    is_met = times.median >= TIMES_FASTER
    target = f"≥ × {TIMES_FASTER:g}"
    figures.append(
        Figure("rate over the obvious", f"× {times.median:.0f}", f"± {times.iqr:.0f}", target, is_met)
    )
    return figures
