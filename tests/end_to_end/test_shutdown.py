"""A server that ends has flushed what it served, whatever it does with lifespans."""

import signal
import time

import httpx
import pytest
import redis

from tests.support.app_server import chat, serving
from tests.support.ledger import load_counters, load_http_requests, load_request_count
from tests.support.processes import RunningProcess, wait_until

WITHOUT_LIFESPAN = "tests.support.chat_app:app_without_lifespan"
REQUESTS = 20


@pytest.mark.parametrize(
    ("app", "options"),
    [
        ("tests.support.chat_app:app", ("--lifespan", "on")),
        ("tests.support.chat_app:app", ("--lifespan", "off")),
        (WITHOUT_LIFESPAN, ("--lifespan", "auto")),
        (WITHOUT_LIFESPAN, ("--lifespan", "off")),
    ],
)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_flushes_what_was_just_served(
    redis_url: str, redis_client: redis.Redis, app: str, options: tuple[str, str], number: signal.Signals
) -> None:
    """With the next flush a minute away everything served is in Redis once the server is gone, within 2 s."""
    with serving(redis_url, *options, app=app, flush_seconds=60) as server:
        with httpx.Client(base_url=server.url, timeout=10) as client:
            for at in range(REQUESTS):
                assert chat(client, "acme/chat-1", stream=at % 2 == 0).status_code == 200
        asked_at = time.monotonic()
        server.process.send_signal(number)
        code = server.process.wait()
        seconds = time.monotonic() - asked_at

    assert code == (-signal.SIGTERM if number is signal.SIGTERM else 0)  # uvicorn's own
    assert seconds < 2.0
    assert load_counters(redis_client, "total_requests", "tokens_output", "ttft_count") == {
        ("acme", None): {"total_requests": 20, "tokens_output": 100, "ttft_count": 10},
        ("acme", "acme/chat-1"): {"total_requests": 20, "tokens_output": 100, "ttft_count": 10},
    }
    assert load_http_requests(redis_client) == {("POST", "/v1/chat/completions", 200): 20}


@pytest.mark.parametrize("options", [("--lifespan", "auto"), ("--lifespan", "off")])
def test_first_request_starts_the_flushing(
    redis_url: str, redis_client: redis.Redis, options: tuple[str, str]
) -> None:
    """An app whose lifespan never completes is measured from its first request on."""
    with serving(redis_url, *options, app=WITHOUT_LIFESPAN) as server:
        with httpx.Client(base_url=server.url, timeout=10) as client:
            assert chat(client, "acme/chat-1").status_code == 200
        wait_until(lambda: load_request_count(redis_client) == 1, "the request is in Redis")


def test_lifespan_on_fails_as_it_does_unwrapped(redis_url: str) -> None:
    """`--lifespan on` with an app that raises on it ends the server with uvicorn's own exit code."""
    arguments = ("uvicorn", WITHOUT_LIFESPAN, "--port", "0", "--lifespan", "on")
    with RunningProcess(*arguments, environment={"REDIS_URL": redis_url}) as process:
        code = process.wait()

    assert code == 3
    assert "this app has no lifespan" in process.output
