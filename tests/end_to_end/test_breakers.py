"""Breakers over real servers: enforced by every worker, moved by a reader's orders, kept over restarts."""

from collections import Counter
from typing import Final

import httpx
import redis

from tests.support.app_server import AppServer, chat, connections_to, serving
from tests.support.ledger import load_request_count
from tests.support.processes import wait_until
from tests.support.reader_client import reader_client

ENFORCING: Final = {"TOKENPULSE_BREAKER_MODE": "enforce"}
MODEL: Final = "acme/chat-1"
BREAKERS: Final = "/api/monitoring/circuit-breakers"
QUESTIONS: Final = 12
"""A connection each, so that both workers get some."""


def _answers(server: AppServer, **fields: object) -> list[httpx.Response]:
    with connections_to(server) as client:
        return [chat(client, MODEL, **fields) for _ in range(QUESTIONS)]


def _are_all(server: AppServer, status: int) -> bool:
    return Counter(answer.status_code for answer in _answers(server)) == {status: QUESTIONS}


async def _order(redis_url: str, order: str) -> None:
    async with reader_client(redis_url, headers={"Authorization": "Bearer s"}, api_token="s") as reader:
        assert (await reader.post(f"{BREAKERS}/acme/{MODEL}/{order}")).status_code == 200


async def test_orders_reach_every_worker_and_outlive_restarts(
    redis_url: str, redis_client: redis.Redis
) -> None:
    """Both workers answer 503, a server and a reader that begin anew know the order, `close` lifts it."""
    with serving(redis_url, workers=2, environment=ENFORCING) as server:
        assert _are_all(server, 200)
        wait_until(lambda: load_request_count(redis_client) == QUESTIONS, "the model is known")
        await _order(redis_url, "open")
        wait_until(lambda: _are_all(server, 503), "every worker turns away")
        counted = load_request_count(redis_client)
        refused = _answers(server, stream=True)

    assert {answer.headers["content-type"] for answer in refused} == {"application/problem+json"}
    assert {(answer.headers["retry-after"], answer.json()["code"]) for answer in refused} == {
        ("60", "circuit_open")
    }

    with serving(redis_url, environment=ENFORCING) as server:
        wait_until(lambda: _are_all(server, 503), "a new server turns away")
        async with reader_client(redis_url) as reader:
            (breaker,) = (await reader.get(f"{BREAKERS}/acme")).json()
        await _order(redis_url, "close")
        wait_until(lambda: _are_all(server, 200), "calls go through again")

    assert (breaker["state"], breaker["forced"], breaker["is_available"]) == ("OPEN", "open", False)
    assert load_request_count(redis_client) > counted
