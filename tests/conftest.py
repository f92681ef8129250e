"""Fixtures that every test may ask for."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Final

import hypothesis
import pytest
import redis

from tests.support.patience import set_limits
from tests.support.redis_server import RedisServer, RedisServerMissingError, running_redis
from tokenpulse.recorder import Recorder

# a busy machine is no failure
hypothesis.settings.register_profile(
    "tokenpulse", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("tokenpulse")

EXTERNAL_REDIS_VARIABLE = "TOKENPULSE_TEST_REDIS_URL"
GENAI_PRICES_VARIABLE: Final = "TOKENPULSE_GENAI_PRICES"
FLUSH_THREAD: Final = "tokenpulse-flush"
THREAD_END_SECONDS: Final = 5.0
"""A thread that was stopped while Redis did not answer still waits for its timeouts."""
LONGEST_NAMED_BYTES: Final = 80


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name bytes that are no short text by their parameter: packed ones may hold the time they were packed at.

    pytest-xdist refuses a run whose processes name a test differently.
    """
    if isinstance(val, bytes) and not (val.isascii() and len(val) <= LONGEST_NAMED_BYTES):
        return argname
    return None


@pytest.fixture(autouse=True, scope="session")
def _no_prices_by_accident() -> Iterator[None]:
    """Keep costs independent of the prices that are installed; tests of prices ask for them by name."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(GENAI_PRICES_VARIABLE, "false")
        yield


@pytest.fixture(autouse=True, scope="session")
def _patience() -> Iterator[None]:
    """Have a Redis that is well waited for, however busy the machine; `own_limits` is for the others."""
    with pytest.MonkeyPatch.context() as limits:
        set_limits(limits, "patient")
        yield


@pytest.fixture
def own_limits() -> Iterator[None]:
    """Keep the product's own limits of time: Redis is slow or away on purpose."""
    with pytest.MonkeyPatch.context() as limits:
        set_limits(limits, "own")
        yield


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own settings out of the tests."""
    for name in list(os.environ):
        is_ours = name.startswith("TOKENPULSE_") and name not in {
            EXTERNAL_REDIS_VARIABLE,
            GENAI_PRICES_VARIABLE,
        }
        if is_ours or name in {"REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD", "REDIS_DB"}:
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_flush_thread_is_left() -> Iterator[None]:
    """Fail the test whose recorder goes on: it would replay its batches into the next test's empty Redis."""
    before = set(threading.enumerate())
    yield
    started = [held for held in set(threading.enumerate()) - before if held.name == FLUSH_THREAD]
    for thread in started:
        thread.join(THREAD_END_SECONDS)
    left = sum(thread.is_alive() for thread in started)
    if left:
        pytest.fail(
            f"{left} flush thread(s) outlive this test: close every recorder that was started "
            "(`contextlib.closing`, or the fixture `open_recorder`)",
            pytrace=False,
        )


@pytest.fixture
def open_recorder() -> Iterator[Callable[..., Recorder]]:
    """Give a maker of recorders, called as `Recorder` is; all are closed when the test ends."""
    with ExitStack() as stack:

        def make(*arguments: Any, **given: Any) -> Recorder:
            recorder = Recorder(*arguments, **given)
            stack.callback(recorder.close)
            return recorder

        yield make


@pytest.fixture
def redis_servers(own_limits: None) -> Iterator[Callable[..., RedisServer]]:
    """Give a function that starts one more redis-server: `redis_servers(maxmemory="2mb")`."""
    with ExitStack() as stack:

        def start(*, is_durable: bool = True, **options: str) -> RedisServer:
            return stack.enter_context(running_redis(is_durable=is_durable, **options))

        try:
            yield start
        except RedisServerMissingError as error:
            pytest.fail(str(error), pytrace=False)


@pytest.fixture
def redis_server(own_limits: None) -> Iterator[RedisServer]:
    """Give a redis-server of this test's own, which it may kill, pause or restart."""
    with _own_server(is_durable=True) as server:
        yield server


@pytest.fixture(scope="module")
def module_redis_server() -> Iterator[RedisServer]:
    """Give one redis-server to all tests of a module."""
    with _own_server(is_durable=True) as server:
        yield server


@pytest.fixture(scope="session")
def _session_redis_url() -> Iterator[str]:
    external = os.environ.get(EXTERNAL_REDIS_VARIABLE)
    if external:
        _refuse_used_database(external)
        yield external
        return
    with _own_server(is_durable=False) as server:
        yield server.url


@pytest.fixture
def redis_url(_session_redis_url: str) -> str:
    """Return the URL of an empty database of a real Redis; the test must not stop the server."""
    with redis.Redis.from_url(_session_redis_url, protocol=2) as client:
        client.flushdb()
        client.script_flush()
    return _session_redis_url


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    """Give a blocking client of the database behind `redis_url`; it answers bytes."""
    with redis.Redis.from_url(redis_url, protocol=2) as client:
        yield client


def _own_server(*, is_durable: bool) -> RedisServer:
    try:
        return RedisServer(is_durable=is_durable)
    except RedisServerMissingError as error:
        pytest.fail(str(error), pytrace=False)


def _refuse_used_database(url: str) -> None:
    with redis.Redis.from_url(url, protocol=2) as client:
        count = client.dbsize()
    if count:
        pytest.exit(
            f"{EXTERNAL_REDIS_VARIABLE} names a database that holds {count} keys; the tests erase it, "
            "so give them an empty one.",
            returncode=4,
        )
