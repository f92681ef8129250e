"""Exposition of 3,000 (provider, model) pairs, three histograms and six counters each.

Rendered anew by ours and by prometheus_client's `generate_latest` over the same values, in interleaved rounds (CPU
time); then served over loopback by uvicorn, plain and as gzip, from what is kept; then rendered again and again
beside a probe of the event loop (see `lag_probe`). Quick: 600 pairs.
"""

import asyncio
import random
import time
from statistics import median
from types import SimpleNamespace
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from starlette.applications import Starlette

from tests.bench.lag_probe import LagProbe, Lags
from tests.bench.rounds import interleaved, spread
from tests.bench.table import Figure
from tokenpulse_reader.exposition.exposition import Exposition
from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.families import COLLECTORS
from tokenpulse_reader.exposition.holder import ExpositionHolder
from tokenpulse_reader.exposition.scrape import Scrape
from tokenpulse_reader.exposition.table import METRICS
from tokenpulse_reader.http.serving import BackgroundServer, open_listener
from tokenpulse_reader.routes.exposition import routes
from tokenpulse_reader.snapshots.snapshots import Snapshots
from tokenpulse_shared import histogram
from tokenpulse_shared.clock import SystemClock
from tokenpulse_shared.totals import totals
from tokenpulse_shared.totals.totals_records import HistogramTotals, ModelTotals, SeriesTotals, Totals

PAIRS: Final = 3_000
QUICK_PAIRS: Final = 600
SEED: Final = 20_264
ROUNDS: Final = 7
REQUESTS: Final = 60
STALL_SECONDS: Final = 8.0
LEAST_RATIO: Final = 10.0
MOST_WAIT_SECONDS: Final = 0.005
MOST_STALL_SECONDS: Final = 0.010
FAMILIES: Final = frozenset(
    (
        "model_inference_requests_total",  # two counters: success, error
        "tokens_used_total",  # two: input, output
        "credits_used_total",
        "gatewayz_api_cost_usd_total",
        "model_inference_duration_seconds",
        "time_to_first_chunk_seconds",
        "tokenpulse_time_per_output_token_seconds",
    )
)
_QUANTITIES: Final = {
    totals.LATENCY_SUCCESS: histogram.LATENCY,
    totals.TTFT: histogram.TTFT,
    totals.TPOT: histogram.TPOT,
    totals.COST: histogram.COST,
}


def make_facts(pairs: int) -> Facts:
    """Return facts of so many series with numbers in every bucket."""
    draw = random.Random(SEED).randrange

    def held(bounds: tuple[float, ...]) -> HistogramTotals:
        counts = [draw(1_000) for _ in range(len(bounds) + 1)]
        return HistogramTotals(counts, sum(counts) * 100_000)

    models = [
        ModelTotals(
            f"provider-{at // 100:02}",
            f"vendor-{at % 7}/model-{at}",
            SeriesTotals(
                counters={
                    "total_requests": 9_000 + draw(999),
                    "successful_requests": 9_000,
                    "failed_requests": draw(999),
                    "tokens_input": draw(10**7),
                    "tokens_output": draw(10**7),
                    "total_cost": draw(10**12),
                },
                histograms={quantity: held(bounds) for quantity, bounds in _QUANTITIES.items()},
            ),
        )
        for at in range(pairs)
    ]
    return Facts(totals=Totals(taken_at=0.0, providers={}, models=tuple(models), apps=(), redis=None))


def make_registry(facts: Facts) -> CollectorRegistry:
    """Return the same series in prometheus_client's own metrics, with a value in every bucket."""
    registry = CollectorRegistry(auto_describe=False)
    for metric in METRICS:
        if metric.name not in FAMILIES:
            continue
        rows = list(COLLECTORS[metric.name](facts))
        if metric.kind == "counter":
            counter = Counter(metric.name, metric.help, metric.labels, registry=registry)
            for labels, value in rows:
                counter.labels(*labels).inc(value)  # type: ignore[arg-type]  # a number
            continue
        timed = Histogram(metric.name, metric.help, metric.labels, buckets=metric.bounds, registry=registry)
        for labels, _ in rows:
            series = timed.labels(*labels)
            for bound in (*metric.bounds, 1e9):
                series.observe(bound)
    return registry


async def measure_exposition(*, is_quick: bool) -> list[Figure]:
    """Return what rendering costs, how soon a scrape is answered, how long the loop waits."""
    facts = make_facts(QUICK_PAIRS if is_quick else PAIRS)
    return [
        *await _rendering(facts, 3 if is_quick else ROUNDS),
        *await _serving(facts),
        *await _stalls(facts, STALL_SECONDS / 4 if is_quick else STALL_SECONDS),
    ]


async def _rendering(facts: Facts, rounds: int) -> list[Figure]:
    registry = make_registry(facts)
    scrape = Scrape(families=FAMILIES)
    ours = Exposition(facts).answer(scrape)
    lines = _samples(ours.whole()), _samples(generate_latest(registry))

    async def render() -> None:
        Exposition(facts).answer(scrape)

    async def rival() -> None:
        generate_latest(registry)

    taken = await interleaved({"ours": render, "rival": rival}, rounds)
    ratio = spread([theirs / mine for mine, theirs in zip(taken["ours"], taken["rival"], strict=True)])
    return [
        Figure("(provider, model) pairs", f"{len(facts.totals.models):,}"),
        Figure("samples: ours", f"{lines[0]:,}"),
        Figure("samples: prometheus_client, without _created", f"{lines[1]:,}"),
        Figure("bytes", f"{ours.size_bytes:,}"),
        Figure("rendered by ours", f"{median(taken['ours']) * 1e3:.0f} ms"),
        Figure("rendered by prometheus_client", f"{median(taken['rival']) * 1e3:.0f} ms"),
        Figure(
            "prometheus_client over ours",
            f"{ratio.median:.1f} x",
            f"\u00b1{ratio.iqr:.1f}",
            f"\u2265 {LEAST_RATIO:.0f} x",
            ratio.median >= LEAST_RATIO,
        ),
    ]


def _samples(text: bytes) -> int:
    lines = text.splitlines()
    return sum(not line.startswith(b"#") and b"_created" not in line for line in lines)


def _reader(facts: Facts, interval_seconds: float) -> tuple[Starlette, Snapshots]:
    """Return an app that serves the exposition of these facts, rendered anew for each snapshot."""

    async def load() -> Any:
        return SimpleNamespace(version=1, computed_at=0.0)

    async def facts_of(_: object) -> Facts:
        return facts

    clock = SystemClock()
    holder = ExpositionHolder(clock, Scrape(families=FAMILIES))
    snapshots = Snapshots(holder.rendering(load, facts_of), interval_seconds, clock)
    return Starlette(routes=routes(snapshots, holder)), snapshots


async def _serving(facts: Facts) -> list[Figure]:
    app, snapshots = _reader(facts, 3600.0)
    query = "&".join(f"name[]={name}" for name in sorted(FAMILIES))
    figures: list[Figure] = []
    snapshots.start()
    async with BackgroundServer(app, open_listener("127.0.0.1", 0, flag="port"), name="reader") as server:
        port = int(server.url.rpartition(":")[2])
        for what, encoding in (("plain", "identity"), ("gzip", "gzip")):
            head = f"GET /metrics?{query} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: {encoding}\r\n\r\n"
            times = [await _timed(port, head.encode()) for _ in range(REQUESTS)][1:]
            first, whole = (median(each[at] for each in times) for at in (0, 1))
            is_met = first <= MOST_WAIT_SECONDS
            figures.append(
                Figure(f"kept, {what}: until it begins", f"{first * 1e3:.2f} ms", "", "\u2264 5 ms", is_met)
            )
            figures.append(Figure(f"kept, {what}: with its transfer", f"{whole * 1e3:.1f} ms"))
    await snapshots.stop()
    return figures


async def _timed(port: int, request: bytes) -> tuple[float, float]:
    """Return seconds until the answer's first bytes, until its last."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begin = time.perf_counter()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    first = time.perf_counter()
    size_bytes = next(
        int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length")
    )
    await reader.readexactly(size_bytes)
    ended = time.perf_counter()
    writer.close()
    return first - begin, ended - begin


async def _stalls(facts: Facts, seconds: float) -> list[Figure]:
    _, snapshots = _reader(facts, 0.1)
    probe = LagProbe()
    snapshots.start()
    await probe.run(seconds, lambda: None, lambda: False)
    await snapshots.stop()
    net, raw = Lags.of(probe.net), Lags.of(probe.raw)
    target = f"\u2264 {MOST_STALL_SECONDS * 1e3:.0f} ms"
    return [
        Figure("the loop wakes late while all is rendered, median", f"{net.median * 1e3:.2f} ms"),
        Figure("99.9 of 100", f"{net.p999 * 1e3:.2f} ms", "", target, net.p999 <= MOST_STALL_SECONDS),
        Figure("at most", f"{net.most * 1e3:.2f} ms", f"{raw.most * 1e3:.1f} with others' work"),
    ]
