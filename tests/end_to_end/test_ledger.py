"""What was sent through a wrapped app is what Redis and the reader say, to the last token."""

from collections.abc import Iterator

import httpx
import pytest
import redis

from tests.support.app_server import AppServer, chat, connections_to, serving
from tests.support.ledger import Ledger, load_counters, load_http_requests, load_request_count
from tests.support.processes import wait_until
from tokenpulse_reader.app import create_app
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.store import MetricsStore

COST_NANO_USD = 1_250_000
NAMES = (
    "total_requests", "successful_requests", "failed_requests", "tokens_input", "tokens_output", "total_cost",
    "latency_count", "ttft_count", "tpot_count", "unpriced_requests", "outcome:success", "outcome:caller_error",
    "outcome:rate_limit", "outcome:timeout", "outcome:provider_error", "outcome:truncated",
    "outcome:app_exception", "outcome:client_disconnect", "outcome:cancelled", "outcome:network",
)  # fmt: skip
FAILURES = {  # behaviour, streamed → (outcome, status, streams with a first token)
    ("bad_request", False): ("caller_error", 400, 0),
    ("rate_limit", False): ("rate_limit", 429, 0),
    ("overload", False): ("provider_error", 503, 0),
    ("timeout", False): ("timeout", 504, 0),
    ("raise", False): ("app_exception", 500, 0),
    ("cut", True): ("truncated", 200, 1),
    ("error_event", True): ("provider_error", 200, 1),
}
ROUTE = "/v1/chat/completions"


class _Traffic:
    """Send requests, note in the ledger what each must count as."""

    def __init__(self, client: httpx.Client) -> None:
        self.ledger = Ledger()
        self.http: dict[tuple[str, str, int], int] = {}
        self._client = client

    def succeed(self, provider: str, model: str, *, stream: bool) -> None:
        response = chat(self._client, f"{provider}/{model}", stream=stream)
        assert response.status_code == 200
        times = {"ttft_count": 1, "tpot_count": 1} if stream else {}
        success = {"successful_requests": 1, "outcome:success": 1, "latency_count": 1}
        tokens = {"tokens_input": 11, "tokens_output": 5, "total_cost": COST_NANO_USD}
        self.ledger.note(provider, f"{provider}/{model}", **success, **tokens, **times)
        self._note_http("POST", ROUTE, 200)

    def fail(self, provider: str, model: str, behaviour: str, *, stream: bool) -> None:
        outcome, status, first_tokens = FAILURES[behaviour, stream]
        response = chat(self._client, f"{provider}/{model}", behaviour=behaviour, stream=stream)
        assert response.status_code == status
        counters = {"failed_requests": 1, "latency_count": 1, "unpriced_requests": 1, f"outcome:{outcome}": 1}
        self.ledger.note(provider, f"{provider}/{model}", **counters, ttft_count=first_tokens)
        self._note_http("POST", ROUTE, status)

    def get(self, path: str, route: str, status: int) -> None:
        assert self._client.get(path).status_code == status
        self._note_http("GET", route, status)

    def _note_http(self, method: str, route: str, status: int) -> None:
        self.http[method, route, status] = self.http.get((method, route, status), 0) + 1


@pytest.fixture
def server(redis_url: str) -> Iterator[AppServer]:
    """Give the wrapped app on a real server."""
    with serving(redis_url) as running:
        yield running


def _send_everything(server: AppServer) -> _Traffic:
    with connections_to(server) as client:
        traffic = _Traffic(client)
        for number in range(24):
            provider, model = f"vendor{number % 2}", f"chat-{number % 3}"
            traffic.succeed(provider, model, stream=number % 4 < 2)
        for behaviour, stream in FAILURES:
            for times in range(2):
                traffic.fail("vendor0", f"chat-{times}", behaviour, stream=stream)
        for number in range(5):
            traffic.get(f"/items/{number}", "/items/{item}", 200)
        traffic.get("/boom", "/boom", 500)
        traffic.get("/nowhere", "__unmatched__", 404)
    return traffic


def _arrived(client: redis.Redis, traffic: _Traffic) -> None:
    wait_until(
        lambda: (
            load_request_count(client) == traffic.ledger.total()
            and sum(load_http_requests(client).values()) == sum(traffic.http.values())
        ),
        f"{traffic.ledger.total()} requests, {sum(traffic.http.values())} exchanges in Redis",
    )


async def test_redis_and_reader_agree_with_what_was_sent(
    server: AppServer, redis_url: str, redis_client: redis.Redis
) -> None:
    """JSON, streams, every kind of failure, plain HTTP: the books of Redis and the reader are the ledger's."""
    traffic = _send_everything(server)
    _arrived(redis_client, traffic)
    settings = Settings.load({}, redis_url=redis_url, snapshot_interval=0.1)
    async with (
        MetricsStore(settings=settings) as store,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=create_app(settings, store=store)), base_url="http://localhost"
        ) as reader,
    ):
        realtime = (await reader.get("/api/monitoring/stats/realtime?hours=1")).json()
        errors = (await reader.get("/api/monitoring/errors/vendor0?limit=1000")).json()
        exposition = (await reader.get("/metrics")).text

    expected = traffic.ledger.counters()
    assert load_counters(redis_client, *NAMES) == expected
    assert load_http_requests(redis_client) == traffic.http
    _assert_realtime(realtime, expected)
    _assert_exposition(exposition, traffic)
    assert len(errors) == 14


def _assert_realtime(
    answer: dict[str, object], expected: dict[tuple[str, str | None], dict[str, int]]
) -> None:
    providers = answer["providers"]
    assert isinstance(providers, dict)
    told = {
        name: (
            held["total_requests"], held["successful_requests"], held["failed_requests"],
            held["tokens_input"], held["tokens_output"], round(held["total_cost"] * 1e9),
        )
        for name, held in providers.items()
    }  # fmt: skip
    assert told == {
        provider: (
            book["total_requests"], book["successful_requests"], book.get("failed_requests", 0),
            book["tokens_input"], book["tokens_output"], book["total_cost"],
        )
        for (provider, model), book in expected.items() if model is None
    }  # fmt: skip


def _assert_exposition(text: str, traffic: _Traffic) -> None:
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    for (provider, model), book in traffic.ledger.counters().items():
        if model is None:
            continue
        label = f'{{provider="{provider}",model="{model}",'
        successes = samples[f'model_inference_requests_total{label}status="success"}}']
        tokens = samples[f'tokens_used_total{label}token_type="output"}}']
        assert (float(successes), float(tokens)) == (book["successful_requests"], book["tokens_output"])
