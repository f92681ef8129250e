"""A running reader answers as its own OpenAPI document says."""

from collections.abc import AsyncIterator, Callable
from contextlib import closing
from typing import Any, Final

import httpx
import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from requests import Session
from schemathesis.checks import not_a_server_error

from tests.support.calls import random_calls, replay
from tests.support.clock import FakeClock
from tests.support.openapi_cases import check_answer, edges, target
from tests.support.processes import RunningProcess
from tests.support.reader_client import reader_client
from tests.support.redis_server import RedisServer
from tokenpulse.recorder import Recorder
from tokenpulse_reader.openapi.operation import JSON
from tokenpulse_reader.openapi.table import OPERATIONS

NOW: Final = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
TOKEN: Final = {"Authorization": "Bearer t0ken"}
STREAMS: Final = "/api/live"
EXAMPLES_EACH: Final = 3
"""Few: a long run by hand had 80 each; this one sees that nothing new breaks."""
READ: Final = [held for held in OPERATIONS if held.method == "get" and held.path != STREAMS]
BODIES: Final[dict[str, Any]] = {
    "/api/metrics/chat": {"model": "a/b", "ttft_ms": 3},
    "/api/monitoring/events/trial": {"user_id": "u", "event": "started", "plan": "pro"},
    "/api/monitoring/gauges": {"active_api_keys": 3, "subscription_count": {"pro": {"monthly": 1}}},
}


@pytest.fixture
async def reader(redis_url: str, open_recorder: Callable[..., Recorder]) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a reader that knows calls, trials, gauges."""
    clock = FakeClock(NOW - 90_000)
    with closing(Recorder(redis_url=redis_url, clock=clock)) as recorder:
        recorder.record(provider="idle", model="m")
        replay(random_calls(7, 400, NOW - 8000, NOW), recorder, clock, NOW)
    ingest = open_recorder(redis_url, clock=clock)
    async with reader_client(
        redis_url, clock=clock, ingest=ingest, api_token="t0ken", headers=TOKEN
    ) as client:
        for path, body in BODIES.items():
            assert (await client.post(path, json=body)).status_code == 200
        yield client


def _body(response: httpx.Response) -> Any:
    return response.json() if response.headers["content-type"] == JSON else response.text


async def test_the_document_is_served(reader: httpx.AsyncClient) -> None:
    """Valid OpenAPI 3.1 with every operation."""
    document = (await reader.get("/openapi.json")).json()

    OpenAPIV31SpecValidator(document).validate()
    assert {(path, method) for path, held in document["paths"].items() for method in held} == {
        (held.path, held.method) for held in OPERATIONS
    }


async def test_answers_have_the_fields_that_are_described(reader: httpx.AsyncClient) -> None:
    """Each operation that reads, with data and without: no field more, none less, each of its kind."""
    for operation in READ:
        for provider, model, status in (("openai", "openai/gpt-4o", 200), ("never", "seen", 404)):
            named = {"id": provider} if operation.path.endswith("realtime") else {}
            named |= {"model": model} if operation.path.endswith("trends") else {}
            response = await reader.get(
                target(operation, provider=provider, **named, **_in_path(operation.path, model))
            )
            expected = status if 404 in (operation.statuses or {}) else 200
            assert response.status_code == expected, (operation.path, response.text)
            check_answer(operation, response.status_code, response.headers["content-type"], _body(response))


def _in_path(path: str, model: str) -> dict[str, str]:
    return {"model": model} if "{model}" in path else {}


async def test_answers_from_memory_are_described_too(
    redis_server: RedisServer, open_recorder: Callable[..., Recorder]
) -> None:
    """While Redis is away what was asked before is served stale, with its age; the rest is a 503."""
    clock = FakeClock(NOW - 9000)
    recorder = open_recorder(redis_url=redis_server.url, clock=clock)
    replay(random_calls(7, 100, NOW - 8000, NOW), recorder, clock, NOW)
    recorder.close()
    asked = [target(held, id="openai", model="openai/gpt-4o") for held in READ]
    async with reader_client(redis_server.url, clock=clock, snapshot_interval=60.0) as client:
        for path in asked:
            await client.get(path)
        redis_server.kill()
        clock.advance(600)
        for operation, path in zip(READ, asked, strict=True):
            response = await client.get(path)
            body = _body(response)
            check_answer(operation, response.status_code, response.headers["content-type"], body)
            if response.status_code == 200 and "stale" in body and isinstance(body, dict):
                assert (body["stale"], body["age_seconds"] >= 600) == (True, True), path
            else:
                assert response.status_code in (200, 503), path


async def test_parameters_are_bounded_as_described(reader: httpx.AsyncClient) -> None:
    """What is within the bounds is answered, what is past them is a 400 that names the parameter."""
    for operation in READ:
        for parameter in operation.parameters:
            if parameter.place != "query":
                continue
            for value, is_usable in edges(parameter):
                response = await reader.get(target(operation, **{parameter.name: value}))
                if is_usable:
                    assert response.status_code in (200, 404), (operation.path, parameter.name, value)
                else:
                    assert response.status_code == 400, (operation.path, parameter.name, value)
                    assert response.json()["error"]["parameter"] == parameter.name
                check_answer(
                    operation, response.status_code, response.headers["content-type"], _body(response)
                )


async def test_writes_answer_as_described(reader: httpx.AsyncClient) -> None:
    """A body that can be used, one that cannot, none at all, one too long, none of our tokens."""
    for operation in (held for held in OPERATIONS if held.method == "post"):
        path = target(operation)
        body = orjson.dumps(BODIES.get(operation.path, {}))
        attempts = [(body, TOKEN, {200}), (body, {"Authorization": "Bearer x"}, {401})]
        if operation.body is not None:
            attempts += [(b"[]", TOKEN, {400}), (b"", TOKEN, {400}), (b" " * 70_000, TOKEN, {413})]
        for content, headers, expected in attempts:
            response = await reader.post(path, content=content, headers=headers)
            assert response.status_code in expected, (path, response.text)
            check_answer(operation, response.status_code, response.headers["content-type"], response.json())


@pytest.fixture(scope="module")
def served(module_redis_server: Any) -> Any:
    """Start the command with data in its Redis; give its URL."""
    with closing(Recorder(redis_url=module_redis_server.url)) as recorder:
        for model in ("openai/gpt-4o", "a{b}%c"):
            recorder.record(provider="openai", model=model, latency_ms=5.0, tokens_output=3)
    arguments = ("reader", "--port", "0", "--redis-url", module_redis_server.url)
    environment = {"TOKENPULSE_API_TOKEN": "t0ken"}
    with RunningProcess("tokenpulse_reader.cli", *arguments, environment=environment) as process:
        yield process.wait_for_line("reader   http").split()[1]


def _try_out(operation: Any, mode: schemathesis.GenerationMode, url: str, session: Session) -> int:
    """Return how many requests were made, none of which was a 5xx but 503."""
    tried = 0

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES_EACH,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: schemathesis.Case) -> None:
        nonlocal tried
        tried += 1
        response = case.call(base_url=url, headers=TOKEN, timeout=10, session=session)
        case.validate_response(response, checks=[not_a_server_error])

    ask()
    return tried


def _modes(operation: Any) -> list[schemathesis.GenerationMode]:
    """Return how an operation can be asked: what takes nothing cannot be given the wrong thing."""
    raw = operation.definition.raw
    takes = "requestBody" in raw or any(held["in"] == "query" for held in raw.get("parameters", ()))
    return list(schemathesis.GenerationMode) if takes else [schemathesis.GenerationMode.POSITIVE]


def test_nothing_that_schemathesis_makes_up_is_a_500(served: str) -> None:
    """Requests to every operation but the endless one, valid and not, over a socket."""
    document = httpx.get(f"{served}/openapi.json", headers=TOKEN, trust_env=False).json()
    loaded = schemathesis.openapi.from_dict(document)
    operations = [held.ok() for held in loaded.get_all_operations()]
    with Session() as session:
        tried = [
            _try_out(operation, mode, served, session)
            for operation in operations
            if operation.path != STREAMS
            for mode in _modes(operation)
        ]

    assert len(operations) == len(OPERATIONS)
    assert sum(tried) > 3 * len(operations)
