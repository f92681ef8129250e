"""Tests of the demo's simulated app over ASGI."""

import asyncio

import httpx
import orjson
import pytest
from starlette.requests import Request
from starlette.types import Message

from tokenpulse_reader.demo.catalogue import SIMULATED_PROVIDERS
from tokenpulse_reader.demo.upstream import SimulatedUpstream, pause_for_client
from tokenpulse_shared.clock import SystemClock


def client_of(upstream: SimulatedUpstream) -> httpx.AsyncClient:
    """Return a client that calls the upstream without a network."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(upstream.app), base_url="http://upstream")


async def test_models_are_the_catalogue_s() -> None:
    """GET /v1/models lists every simulated model with its provider."""
    async with client_of(SimulatedUpstream(seed=1, clock=SystemClock())) as client:
        listed = (await client.get("/v1/models")).json()["data"]

    assert [(entry["id"], entry["owned_by"]) for entry in listed] == [
        (model.model_id, each.name) for each in SIMULATED_PROVIDERS for model in each.models
    ]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions", "/v1/embeddings"])
@pytest.mark.parametrize(
    ("body", "status"),
    [(b"no JSON", 400), (b"[]", 400), (b'{"model": 7}', 400), (b'{"model": "openai/gpt-99"}', 404)],
)
async def test_bad_requests_are_refused(path: str, body: bytes, status: int) -> None:
    """What names no known model is answered with 400 or 404 in OpenAI's error shape."""
    async with client_of(SimulatedUpstream(seed=1, clock=SystemClock())) as client:
        response = await client.post(path, content=body)

    assert response.status_code == status
    assert response.json()["error"]["type"] == "invalid_request_error"


async def test_rate_limits_occur_among_streams() -> None:
    """Rate limits carry Retry-After, successful streams end with their terminator."""
    body = {"model": "groq/llama-3.1-8b-instant", "stream": True}
    async with client_of(SimulatedUpstream(seed=2, clock=SystemClock())) as client:
        answers = await asyncio.gather(*(client.post("/v1/chat/completions", json=body) for _ in range(200)))
    seen = {response.status_code: response for response in answers}

    assert seen[429].headers["retry-after"] == "5"
    assert seen[429].json()["error"]["type"] == "rate_limit_error"
    assert any(response.content.endswith(b"data: [DONE]\n\n") for response in answers)


async def test_whole_answer_reports_cost_where_the_provider_does() -> None:
    """groq's answers hold usage.cost, and it is the price list's."""
    async with client_of(SimulatedUpstream(seed=1, clock=SystemClock())) as client:
        response = await client.post("/v1/chat/completions", json={"model": "groq/llama-3.1-8b-instant"})
    usage = orjson.loads(response.content)["usage"]
    model = next(each for each in SIMULATED_PROVIDERS if each.name == "groq").models[1]

    assert usage["cost"] == model.cost_usd(usage["prompt_tokens"], usage["completion_tokens"])


async def test_a_client_that_left_is_not_waited_for() -> None:
    """Else the end of the demo would have to cancel its own app, with a traceback."""
    messages: list[Message] = [{"type": "http.request"}, {"type": "http.disconnect"}]

    async def receive() -> Message:
        return messages.pop(0)

    await pause_for_client(Request({"type": "http"}, receive), 3600.0)

    assert messages == []


async def test_a_client_that_stays_waits_for_its_answer() -> None:
    """The pause ends by itself."""
    asked = asyncio.Event()

    async def receive() -> Message:
        asked.set()
        return await asyncio.get_running_loop().create_future()

    await pause_for_client(Request({"type": "http"}, receive), 0.01)

    assert asked.is_set()
