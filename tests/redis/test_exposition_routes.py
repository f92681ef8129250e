"""Scrapers get what they ask for over HTTP, from a real Redis."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from tests.support.redis_server import RedisServer
from tokenpulse.recorder import Recorder
from tokenpulse_reader.app import create_app
from tokenpulse_reader.exposition.facts import LastDay
from tokenpulse_reader.exposition.guide import guide
from tokenpulse_reader.exposition.holder import ExpositionHolder
from tokenpulse_reader.exposition.request_rate import RequestRate
from tokenpulse_reader.exposition.table import METRICS
from tokenpulse_reader.exposition.table_otel import OTEL
from tokenpulse_reader.exposition.table_vllm import VLLM
from tokenpulse_reader.routes import exposition_pages
from tokenpulse_reader.routes.exposition import routes
from tokenpulse_reader.snapshots.snapshot import Snapshot
from tokenpulse_reader.snapshots.snapshots import Snapshots
from tokenpulse_shared.clock import SystemClock
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.totals.totals_records import Totals

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@asynccontextmanager
async def _reader_client(url: str, **given: str) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings.load({}, redis_url=url, snapshot_interval=60.0, **given))
    transport = httpx.ASGITransport(app)
    identity = {"Accept-Encoding": "identity"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=identity) as client,
    ):
        yield client


@pytest.fixture
async def reader(redis_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a reader whose Redis holds one request."""
    with closing(Recorder(redis_url=redis_url)) as recorder:
        recorder.record(provider="openai", model='openai/"q"\\', latency_ms=100, success=True, cost=0.25)
        assert recorder.flush()
    async with _reader_client(redis_url) as client:
        yield client


async def test_both_paths_give_all_metrics(reader: httpx.AsyncClient) -> None:
    """/metrics is /prometheus/metrics/all."""
    answer = await reader.get("/metrics")
    families = {family.name: family for family in parse_text(answer.text)}
    (sample,) = families["gatewayz_api_cost_usd"].samples

    assert answer.headers["content-type"] == TEXT
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert answer.text == (await reader.get("/prometheus/metrics/all")).text
    assert answer.text.count("# TYPE ") == len(METRICS)
    assert (sample.labels, sample.value) == ({"provider": "openai", "model": 'openai/"q"\\'}, 0.25)


async def test_openmetrics_by_accept(reader: httpx.AsyncClient) -> None:
    """As Prometheus asks for it."""
    answer = await reader.get(
        "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0,*/*;q=0.1"}
    )

    assert answer.headers["content-type"] == OPENMETRICS
    assert {family.name for family in parse_openmetrics(answer.text)} == {
        metric.openmetrics_name for metric in METRICS
    }


async def test_gzip_by_accept_encoding(reader: httpx.AsyncClient) -> None:
    """The same text, compressed."""
    plain = await reader.get("/metrics")
    async with reader.stream("GET", "/metrics", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])

    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content


async def test_filter_by_name(reader: httpx.AsyncClient) -> None:
    """Repeated, of samples, unknown, no UTF-8."""
    query = "name[]=redis_up&name%5B%5D=model_inference_duration_seconds_sum&name[]=nope&name[]=%ff%00"
    answer = await reader.get(f"/metrics?{query}")

    assert [family.name for family in parse_text(answer.text)] == [
        "model_inference_duration_seconds",
        "redis_up",
    ]
    assert (await reader.get("/metrics?name[]=nope")).text == ""


@pytest.mark.parametrize("category", ["system", "providers", "models", "business", "performance"])
async def test_categories(reader: httpx.AsyncClient, category: str) -> None:
    """Each path gives its own metrics."""
    answer = await reader.get(f"/prometheus/metrics/{category}")

    assert [line.split()[2] for line in answer.text.splitlines() if line.startswith("# TYPE ")] == [
        metric.name for metric in METRICS if metric.category == category
    ]


def _names(answer: httpx.Response) -> list[str]:
    return [line.split()[2] for line in answer.text.splitlines() if line.startswith("# TYPE ")]


async def test_profiles_by_query_or_by_setting(reader: httpx.AsyncClient, redis_url: str) -> None:
    """The setting is for scrapers that cannot say it; a query wins over it."""
    by_query = await reader.get("/metrics?profile=otel")
    async with _reader_client(redis_url, metrics_profile="vllm") as other:
        by_setting = await other.get("/metrics")
        category = await other.get("/prometheus/metrics/models")
        back = await other.get("/metrics?profile=tokenpulse&name[]=redis_up")

    assert _names(by_query) == [metric.name for metric in OTEL]
    assert _names(by_setting) == [metric.name for metric in VLLM]
    assert _names(category) == [metric.name for metric in VLLM if metric.category == "models"]
    assert _names(back) == ["redis_up"]


@pytest.mark.parametrize("query", ["profile=nope", "profile=", "profile=otel&profile=vllm", "profile=OTEL"])
async def test_a_profile_that_does_not_exist_is_refused(reader: httpx.AsyncClient, query: str) -> None:
    """With what may be asked for."""
    answer = await reader.get(f"/metrics?{query}")

    assert (answer.status_code, answer.json()["error"]) == (
        400,
        {
            "code": "invalid_parameter",
            "message": "`profile` must be one of tokenpulse, otel, vllm",
            "parameter": "profile",
            "allowed": ["tokenpulse", "otel", "vllm"],
        },
    )


async def test_summary_tells_real_numbers(reader: httpx.AsyncClient) -> None:
    """One request of 100 ms for 0.25 USD; what nobody told is null."""
    answer = (await reader.get("/prometheus/metrics/summary")).json()
    metrics = answer["metrics"]

    assert set(answer) == {"timestamp", "metrics", "computed_at", "stale"}
    assert metrics["models"] == {
        "total_inference_requests": 1,
        "tokens_used_total": None,
        "credits_used_total": 0.25,
        "avg_inference_latency_ms": 100.0,
    }
    assert metrics["http"]["total_requests"] is None
    assert metrics["providers"]["total_providers"] == 1
    assert metrics["business"]["active_api_keys"] is None
    assert metrics["database"]["total_queries"] > 5
    assert 0.0 < metrics["database"]["avg_query_latency_ms"] < 1_000.0


async def test_documentation_is_markdown(reader: httpx.AsyncClient) -> None:
    """With curl and PromQL."""
    answer = await reader.get("/prometheus/metrics/docs")

    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.text == guide("http://127.0.0.1:9100")


async def test_what_readers_count_goes_on_over_their_restarts(
    reader: httpx.AsyncClient, redis_url: str
) -> None:
    """The second reader starts from what the first one stored."""
    query = "/metrics?name[]=database_queries_total"
    before = _value((await reader.get(query)).text, table="totals", operation="hgetall")
    async with _reader_client(redis_url) as again:
        text = (await again.get(query)).text

    assert before >= 2
    assert _value(text, table="totals", operation="hgetall") == 2 * before


def _value(text: str, **labels: str) -> float:
    ((family),) = parse_text(text)
    (value,) = [sample.value for sample in family.samples if sample.labels == labels]
    return float(value)


async def test_gauges_and_anomalies_that_are_known_are_told(
    redis_url: str,
) -> None:
    """As the store has them."""
    async with MetricsStore(redis_url) as store:
        await store.post_gauges({"active_api_keys": {("active",): 12}})
        await store.record_trial_event("somebody", "started")
    async with _reader_client(redis_url) as client:
        text = (await client.get("/prometheus/metrics/business")).text
        events = (await client.get("/metrics?name[]=gatewayz_detected_anomalies")).text

    assert 'active_api_keys{status="active"} 12\n' in text
    assert 'trial_active{status="active"} 1\n' in text
    assert 'gatewayz_detected_anomalies{type="error_surge"} 0\n' in events


async def test_without_any_exposition_there_is_no_summary(redis_server: RedisServer) -> None:
    """Never zeros."""
    redis_server.kill()
    async with _reader_client(redis_server.url) as client:
        answer = await client.get("/prometheus/metrics/summary")

    assert answer.status_code == 503


async def test_other_paths_and_methods(reader: httpx.AsyncClient) -> None:
    """404; writes need a token that is set; HEAD is GET without a body."""
    head = await reader.head("/metrics")

    assert (await reader.get("/prometheus/metrics/nope")).status_code == 404
    assert (await reader.post("/metrics")).status_code == 403
    assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", TEXT)


@pytest.mark.parametrize(
    "value",
    [b"\xff\xfe", b"", b";;;,,,q=", b"application/openmetrics-text;version=x", b"a" * 100_000, b"*/*;q=\x80"],
)
async def test_any_header_gets_an_answer(reader: httpx.AsyncClient, value: bytes) -> None:
    """prometheus_client's own app answers 500 to some of these."""
    answer = await reader.get("/metrics", headers=[(b"Accept", value), (b"Accept-Encoding", value)])

    assert (answer.status_code, answer.headers["content-type"]) == (200, TEXT)
    assert list(parse_text(answer.text))


async def test_cost_is_known_only_where_a_request_had_a_price(redis_url: str) -> None:
    """A provider whose requests had no price costs an unknown sum, not nothing."""
    with closing(Recorder(redis_url=redis_url)) as recorder:
        recorder.record(provider="free", model="m", latency_ms=1, success=True, cost=0.0)
        recorder.record(provider="priced", model="m", latency_ms=1, success=True, cost=0.25)
        recorder.record(provider="priced", model="m", latency_ms=1, success=True)
        recorder.record(provider="unpriced", model="m", latency_ms=1, success=True)
        assert recorder.flush()

    async with _reader_client(redis_url) as client:
        text = (await client.get("/prometheus/metrics/business")).text
    costs = {
        (sample.name, sample.labels["provider"]): sample.value
        for family in parse_text(text)
        for sample in family.samples
        if sample.name.startswith("gatewayz_cost_by_provider")
    }

    assert costs == {
        ("gatewayz_cost_by_provider", "free"): 0.0,
        ("gatewayz_cost_by_provider", "priced"): 0.25,
        ("gatewayz_cost_by_provider_total", "free"): 0.0,
        ("gatewayz_cost_by_provider_total", "priced"): 0.25,
    }


async def test_one_snapshot_is_one_answer(reader: httpx.AsyncClient) -> None:
    """Scrapes of one snapshot are served from the same bytes, not read from Redis again."""
    query = "/metrics?name[]=redis_commands_processed_total"

    assert (await reader.get(query)).text == (await reader.get(query)).text


async def test_redis_away_from_the_start_is_503(redis_server: RedisServer) -> None:
    """Never zeros."""
    redis_server.kill()
    async with _reader_client(redis_server.url) as client:
        answer = await client.get("/metrics")

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "store_unavailable"


async def test_a_snapshot_that_was_not_rendered_is_no_answer() -> None:
    """The route refuses rather than answer from nothing."""

    async def load() -> Snapshot:
        totals = Totals(taken_at=0.0, providers={}, models=(), apps=(), redis=None)
        return Snapshot(
            version=1, computed_at=0.0, health={}, realtime={}, circuits=(), totals=totals, last_day=LastDay()
        )

    clock = SystemClock()
    snapshots, holder = Snapshots(load, 1.0, clock), ExpositionHolder(clock)
    pages = exposition_pages.routes(snapshots, holder, RequestRate(), "http://localhost")

    for route in (routes(snapshots, holder)[0], pages[0]):
        with pytest.raises(StoreUnavailableError):
            await route.endpoint(None)
