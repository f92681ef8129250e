"""A wrapped app answers as fast without Redis as with it, and counts everything."""

import time
from itertools import count

import httpx

from tests.support.app_server import AppServer, chat, serving
from tests.support.ledger import load_counters, load_request_count
from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer

SLOWEST_SECONDS = 0.5
"""Far above an answer's time on a loaded machine (5 ms), far below the 1 s a Redis timeout takes."""


def _send(server: AppServer, requests: int) -> float:
    """Send requests one by one; return the slowest one's seconds."""
    slowest = 0.0
    with httpx.Client(base_url=server.url, timeout=10) as client:
        for at in range(requests):
            begin = time.perf_counter()
            assert chat(client, "acme/chat-1", stream=at % 2 == 0).status_code == 200
            slowest = max(slowest, time.perf_counter() - begin)
    return slowest


def _assert_counted(redis_server: RedisServer, requests: int) -> None:
    def has_all() -> bool:
        with redis_server.client() as client:
            return load_request_count(client) >= requests

    wait_until(has_all, f"{requests} requests are in Redis")
    with redis_server.client() as client:
        counted = load_counters(client, "total_requests", "tokens_output", "successful_requests")
    book = {"total_requests": requests, "tokens_output": 5 * requests, "successful_requests": requests}
    assert counted == {("acme", None): book, ("acme", "acme/chat-1"): book}


def test_killed_redis_that_kept_its_data(redis_server: RedisServer) -> None:
    """Redis is killed with requests on their way, comes back with its data: nothing is lost or doubled."""
    with serving(redis_server.url) as server:
        slowest = _send(server, 30)
        redis_server.kill()
        slowest = max(slowest, _send(server, 30))
        redis_server.restart(keep_data=True)
        slowest = max(slowest, _send(server, 30))

        _assert_counted(redis_server, 90)

    assert slowest < SLOWEST_SECONDS


def test_killed_redis_that_lost_its_data(redis_server: RedisServer) -> None:
    """Redis comes back empty within the minute that is remembered: nothing is lost or doubled."""
    with serving(redis_server.url) as server:
        slowest = _send(server, 30)
        _assert_counted(redis_server, 30)
        redis_server.kill()
        slowest = max(slowest, _send(server, 30))
        redis_server.restart()
        slowest = max(slowest, _send(server, 30))

        _assert_counted(redis_server, 90)

    assert slowest < SLOWEST_SECONDS


def test_redis_emptied_while_nothing_is_served(redis_server: RedisServer) -> None:
    """An idle app gives an emptied Redis back what it lost, without a request to remind it."""
    with serving(redis_server.url) as server:
        _send(server, 20)
        _assert_counted(redis_server, 20)
        redis_server.restart()

        _assert_counted(redis_server, 20)


def test_frozen_redis_delays_no_answer(redis_server: RedisServer) -> None:
    """With a Redis that accepts and never answers, requests are as fast as ever; later all are counted."""
    with serving(redis_server.url) as server:
        _send(server, 10)
        redis_server.pause()
        frozen_at, sent, slowest = time.monotonic(), 10, 0.0
        for _ in count():
            slowest, sent = max(slowest, _send(server, 10)), sent + 10
            if time.monotonic() - frozen_at > 2.5:  # more than two attempts time out meanwhile
                break
        redis_server.resume()

        _assert_counted(redis_server, sent)

    assert slowest < SLOWEST_SECONDS


def test_redis_down_at_the_start(redis_server: RedisServer) -> None:
    """An app started without Redis serves at once; what it served is counted when Redis is there."""
    redis_server.kill()
    with serving(redis_server.url) as server:
        slowest = _send(server, 30)
        redis_server.restart()

        _assert_counted(redis_server, 30)

    assert slowest < SLOWEST_SECONDS
