"""A client that leaves in the middle of a stream."""

import json
import socket

import httpx
import redis

from tests.support.app_server import AppServer, chat, serving
from tests.support.ledger import load_counters, load_request_count
from tests.support.processes import wait_until

NAMES = (
    "total_requests", "successful_requests", "failed_requests", "ttft_count", "latency_count",
    "outcome:success", "outcome:client_disconnect", "outcome:truncated", "outcome:cancelled",
)  # fmt: skip


def _leave_after_first_word(server: AppServer) -> None:
    """Ask for a stream that never ends over a raw socket; close it once the first word is there."""
    body = json.dumps({"model": "acme/chat-1", "stream": True, "behaviour": "hold"}).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode() + body)
        received = b""
        while b'"One"' not in received:
            more = connection.recv(65536)
            assert more, f"the server closed first, after: {received!r}"
            received += more


def test_disconnect_counts_once_as_the_clients(redis_url: str, redis_client: redis.Redis) -> None:
    """It is one client_disconnect that keeps its time to first token; the breaker hears nothing of it."""
    with serving(redis_url) as server:
        with httpx.Client(base_url=server.url, timeout=10) as client:
            assert chat(client, "acme/chat-1").status_code == 200
        for _ in range(3):
            _leave_after_first_word(server)
        wait_until(lambda: load_request_count(redis_client) >= 4, "all requests are in Redis")
        with httpx.Client(base_url=server.url, timeout=10) as client:
            assert chat(client, "acme/chat-1", stream=True).status_code == 200
        wait_until(lambda: load_request_count(redis_client) >= 5, "the last one is in Redis")

    book = {
        "total_requests": 5,
        "successful_requests": 2,
        "failed_requests": 3,
        "ttft_count": 4,
        "latency_count": 5,
        "outcome:success": 2,
        "outcome:client_disconnect": 3,
    }
    assert load_counters(redis_client, *NAMES) == {("acme", None): book, ("acme", "acme/chat-1"): book}
    assert redis_client.lrange("tokenpulse:errors:{acme}", 0, -1) == []
    slots = redis_client.hgetall("tokenpulse:circuit:{acme}:acme/chat-1")
    assert slots[b"streak"] == b"0"
