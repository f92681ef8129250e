"""Many processes writing to one Redis count as one."""

import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import cast

import redis

from tests.support.app_server import AppServer, chat, connections_to, serving
from tests.support.ledger import load_counters, load_request_count
from tests.support.processes import wait_until
from tokenpulse_shared.keyspace import Keyspace

THREADS = 4
PER_THREAD = 25


def _send(server: AppServer) -> int:
    """Send `PER_THREAD` requests, a connection for each, so that every worker gets some; return the answers."""
    with connections_to(server) as client:
        answers = [
            chat(client, f"acme/chat-{number % 2}", stream=number % 2 == 0) for number in range(PER_THREAD)
        ]
    return sum(answer.status_code == 200 for answer in answers)


def _send_from_threads(servers: list[AppServer]) -> int:
    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(_send, [servers[at % len(servers)] for at in range(THREADS)]))


def _assert_books(client: redis.Redis) -> None:
    requests = THREADS * PER_THREAD
    wait_until(lambda: load_request_count(client) >= requests, "all requests are in Redis")
    evens = THREADS * (PER_THREAD // 2 + PER_THREAD % 2)
    assert load_counters(client, "total_requests", "tokens_output", "ttft_count") == {
        ("acme", None): {"total_requests": requests, "tokens_output": 5 * requests, "ttft_count": evens},
        ("acme", "acme/chat-0"): {"total_requests": evens, "tokens_output": 5 * evens, "ttft_count": evens},
        ("acme", "acme/chat-1"): {
            "total_requests": requests - evens,
            "tokens_output": 5 * (requests - evens),
        },
    }


def _writers(client: redis.Redis) -> int:
    guards = cast("list[bytes]", client.hkeys(Keyspace().totals("acme")))
    return sum(name.startswith(b"writer:") for name in guards)


def test_two_workers_of_one_server_add_up(redis_url: str, redis_client: redis.Redis) -> None:
    """`uvicorn --workers 2`: each worker has a writer of its own, the sums are those of what was sent."""
    with serving(redis_url, workers=2) as server:
        assert _send_from_threads([server]) == THREADS * PER_THREAD
        _assert_books(redis_client)
        assert 1 <= _writers(redis_client) <= 2
        server.process.send_signal(signal.SIGTERM)
        server.process.wait()

    _assert_books(redis_client)


def test_two_servers_add_up(redis_url: str, redis_client: redis.Redis) -> None:
    """Two separate servers on one Redis: both write, the sums are those of what was sent."""
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(redis_url)) for _ in range(2)]
        assert _send_from_threads(servers) == THREADS * PER_THREAD
        _assert_books(redis_client)

    assert _writers(redis_client) == 2
