"""Servers that end, or that know of no lifespan: requests are recorded, what was recorded is in Redis."""

import signal
from typing import Final

import orjson
import pytest
import redis

from tests.support.asgi import CHAT
from tests.support.ledger import load_counters
from tests.support.processes import ProcessError
from tests.support.servers import SERVERS, running_server
from tests.support.wire import connect, converse, head_of, read_to_end, read_until

WITHOUT_LIFESPAN: Final = "tests.support.surroundings_app:app_without_lifespan"
FAILING_START: Final = "tests.support.surroundings_app:app_with_failing_start"
QUESTION: Final = orjson.dumps({"model": "acme/chat-1"})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("uvicorn-h11", ("--timeout-graceful-shutdown", "1")),
        ("uvicorn-httptools", ("--timeout-graceful-shutdown", "1")),
        ("hypercorn", ("--graceful-timeout", "1")),
    ],
)
def test_server_that_cancels_its_requests(
    redis_url: str, redis_client: redis.Redis, name: str, options: tuple[str, ...]
) -> None:
    """A server that ends cancels a request that goes on and on: `cancelled`, its first token kept, in Redis."""
    with running_server(name, *options, redis_url=redis_url) as server, connect(server.port) as connection:
        converse("http/1.1", server.port, "POST", f"/answer/a{CHAT}", QUESTION)  # makes the model a series
        connection.sendall(head_of("POST", f"/stuck/a{CHAT}", len(QUESTION)) + QUESTION)
        read_until(connection, b'"a"')
        server.process.send_signal(signal.SIGTERM)
        read_to_end(connection)
        server.process.wait()
        _, observation = server.printed("observation")
    book = {"total_requests": 2, "outcome:success": 1, "outcome:cancelled": 1, "ttft_count": 1}

    assert (observation["outcome"], observation["error_type"]) == ("cancelled", "CancelledError")
    assert load_counters(redis_client, *book) == {("acme", None): book, ("acme", "acme/chat-1"): book}


@pytest.mark.parametrize("name", SERVERS)
def test_app_without_lifespan(redis_url: str, redis_client: redis.Redis, name: str) -> None:
    """An app that raises on the lifespan is served as unwrapped; what it served is in Redis in the end."""
    with running_server(name, app=WITHOUT_LIFESPAN, redis_url=redis_url) as server:
        answer = converse("http/1.1", server.port, "POST", f"/answer/a{CHAT}", QUESTION)
        server.observation("acme/chat-1")
        server.process.send_signal(signal.SIGTERM)
        server.process.wait()
    book = {"total_requests": 1, "tokens_output": 7}

    assert answer.heads != []
    assert load_counters(redis_client, *book) == {("acme", None): book, ("acme", "acme/chat-1"): book}


@pytest.mark.parametrize("name", SERVERS)
def test_app_whose_start_fails(name: str) -> None:
    """`startup.failed` reaches the server, which says so and serves nothing."""
    with pytest.raises(ProcessError, match="no seats"), running_server(name, app=FAILING_START):
        pass
