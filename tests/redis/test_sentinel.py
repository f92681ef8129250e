"""Tests of writer and reader over Sentinel: three sentinels, a master, two replicas."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import redis
from redis.sentinel import MasterNotFoundError

from tests.support.load import Load, counted, settle
from tests.support.processes import wait_until
from tests.support.redis_server import running_redis
from tests.support.replication import cut_off
from tests.support.sentinel import SERVICE, Sentinel, SentinelDeployment
from tests.support.stopwatch import unhindered_seconds
from tokenpulse.recorder import Recorder
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.redis_client import connect, connect_async
from tokenpulse_shared.rights import AT_SENTINELS
from tokenpulse_shared.store import MetricsStore

PROVIDERS = ("groq", "openai")
SLACK_SECONDS = 0.3
"""What a busy machine adds."""
pytestmark = pytest.mark.usefixtures("own_limits")

OpenRecorder = Callable[..., Recorder]


@pytest.fixture(scope="module")
def module_deployment() -> Iterator[SentinelDeployment]:
    """Give a deployment whose tests leave it well, whoever its master is."""
    with SentinelDeployment() as deployment:
        yield deployment


@pytest.fixture
def deployment(module_deployment: SentinelDeployment) -> SentinelDeployment:
    """Give the deployment, well and empty."""
    wait_until(module_deployment.is_well, "the deployment to be well")
    with module_deployment.servers[module_deployment.master()].client() as client:
        client.flushall()
    return module_deployment


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Give a port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def _url(deployment: SentinelDeployment, *ports: int) -> str:
    return f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in ports)}/{SERVICE}"


async def _answer(url: str, is_async: bool) -> Any:
    """Return what the master answers to PING, by a new client."""
    if not is_async:
        with connect(url) as client:
            return client.ping()
    reader = connect_async(url)
    try:
        return await reader.ping()
    finally:
        await reader.aclose()


def _await_batches(recorder: Recorder, more: int) -> None:
    """Wait until so many more batches are acknowledged."""
    enough = recorder.stats()["counts"].get("batches", 0) + more
    wait_until(lambda: recorder.stats()["counts"].get("batches", 0) > enough, "more batches")


async def test_what_is_recorded_is_read(deployment: SentinelDeployment, open_recorder: OpenRecorder) -> None:
    """Totals and windows are those of the ledger."""
    recorder = open_recorder(deployment.url, flush_interval=0.05)
    load = Load(recorder, PROVIDERS)
    with load:
        load.record(100)
    recorder.close()
    expected = load.ledger.counters()

    with connect(deployment.url) as client:
        assert counted(client) == expected
    async with MetricsStore(deployment.url) as store:
        windows = await store.provider_windows(1)
        totals = await store.totals()
    told = {window.series.provider: window.total().counters["tokens_input"] for window in windows}
    assert told == {provider: expected[provider, None]["tokens_input"] for provider in PROVIDERS}
    assert {name: held.counters["tokens_input"] for name, held in totals.providers.items()} == told


def test_a_master_that_is_demoted_is_left(
    deployment: SentinelDeployment, open_recorder: OpenRecorder
) -> None:
    """A failover on command, under load: what the old master still took until it was demoted is not lost."""
    recorder = open_recorder(deployment.url, flush_interval=0.05)
    load = Load(recorder, PROVIDERS)
    old = deployment.master()
    with load:
        _await_batches(recorder, 20)
        deployment.hand_over()
        for _ in range(2):
            _await_batches(recorder, 20)
            deployment.follow(deployment.servers[old])
    settle(recorder)

    assert "unrecoverable" not in recorder.stats()["counts"]
    with connect(deployment.url) as client:
        assert counted(client) == load.ledger.counters()


def test_what_lagging_replicas_never_got_is_replayed(
    deployment: SentinelDeployment, open_recorder: OpenRecorder
) -> None:
    """A master that is killed under load, with acknowledged batches that no replica has: nothing is lost."""
    recorder = open_recorder(deployment.url, flush_interval=0.05)
    load = Load(recorder, PROVIDERS)
    load.record()
    settle(recorder)
    old = deployment.master()
    replicas = [server for at, server in enumerate(deployment.servers) if at != old]
    for replica in replicas:
        cut_off(replica)
    with load:
        _await_batches(recorder, 20)  # that only the master has
        deployment.servers[old].kill()
        for replica in replicas:
            with replica.client() as client:
                client.config_set("masterauth", "")
        wait_until(lambda: deployment.master() != old, "another master")
    settle(recorder)

    counts = recorder.stats()["counts"]
    assert counts["gaps"] >= 1
    assert counts["replayed"] >= 1
    assert "unrecoverable" not in counts
    with connect(deployment.url) as client:
        assert counted(client) == load.ledger.counters()
    deployment.servers[old].start()
    deployment.follow(deployment.servers[old])


@pytest.mark.parametrize("is_async", [False, True])
async def test_sentinels_that_do_not_answer_are_passed_over(
    deployment: SentinelDeployment, silent_port: int, is_async: bool
) -> None:
    """One refuses, one swallows everything, the third knows: the master answers within a second."""
    url = _url(deployment, 1, silent_port, deployment.sentinels[0].port)
    began = unhindered_seconds()

    assert await _answer(url, is_async)
    assert unhindered_seconds() - began < 1.0 + SLACK_SECONDS


@pytest.mark.parametrize("is_async", [False, True])
async def test_without_any_sentinel_the_last_master_is_used(is_async: bool) -> None:
    """Who knew it goes on, connection after connection; who never did is told within a second."""
    with SentinelDeployment(replicas=0, sentinels=1) as frozen:
        made: Any = connect_async(frozen.url) if is_async else connect(frozen.url)

        async def ping_anew() -> Any:
            await made.connection_pool.disconnect() if is_async else made.connection_pool.disconnect()
            return await made.ping() if is_async else made.ping()

        assert await ping_anew()

        frozen.sentinels[0].pause()
        began = unhindered_seconds()

        assert await ping_anew()
        assert unhindered_seconds() - began < 1.0 + SLACK_SECONDS

        began = unhindered_seconds()
        with pytest.raises(redis.TimeoutError):
            await _answer(frozen.url, is_async)

        assert unhindered_seconds() - began < 1.0 + SLACK_SECONDS
        await made.aclose() if is_async else made.close()


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_name_that_no_sentinel_knows_is_said(deployment: SentinelDeployment, is_async: bool) -> None:
    """It is no master that went away, but one that never was; redis-py's asyncio client wraps the error."""
    url = deployment.url.replace(SERVICE, "other")
    expected = redis.ConnectionError if is_async else MasterNotFoundError
    with pytest.raises(expected, match="no sentinel knows a master named 'other'"):
        await _answer(url, is_async)


async def test_what_is_wrong_is_said_in_words(
    deployment: SentinelDeployment, open_recorder: OpenRecorder
) -> None:
    """The writer's last error and the reader's refusal name the cause."""
    url = deployment.url.replace(SERVICE, "other")
    recorder = open_recorder(url, flush_interval=60)
    recorder._started = True  # each flush is this test's own
    recorder.record(provider="groq", model="m")

    assert not recorder.flush()
    assert recorder.stats()["last_error"] == "no sentinel knows the master"
    async with MetricsStore(url) as store:
        with pytest.raises(StoreUnavailableError, match="no sentinel knows the master"):
            await store.ping()


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_sentinel_that_knows_an_old_master_is_left(
    deployment: SentinelDeployment, is_async: bool
) -> None:
    """What it names does not answer: with the next attempt another sentinel is asked."""
    with SentinelDeployment(replicas=0, sentinels=1) as stale:
        url = _url(deployment, stale.sentinels[0].port, deployment.sentinels[0].port)
        stale.servers[0].kill()
        made: Any = connect_async(url) if is_async else connect(url)
        with pytest.raises(redis.ConnectionError):
            await made.ping() if is_async else made.ping()

        assert await made.ping() if is_async else made.ping()
        await made.aclose() if is_async else made.close()


@pytest.mark.parametrize("is_async", [False, True])
async def test_sentinels_have_a_login_of_their_own(is_async: bool) -> None:
    """The URL's login is for the master, the option's for the sentinels; a wrong one is a refused login."""
    with running_redis(is_durable=False) as server, ExitStack() as stack:
        with server.client() as client:
            client.config_set("requirepass", "data")
        sentinel = Sentinel(
            server.port, lines=("requirepass watch", f"sentinel auth-pass {SERVICE} data"), password="watch"
        )
        stack.callback(sentinel.close)
        sentinel.start()
        wait_until(lambda: sentinel.knows(sentinels=0, replicas=0), "the sentinel")
        url = f"redis+sentinel://:data@127.0.0.1:{sentinel.port}/{SERVICE}/1?sentinel_password="

        assert await _answer(f"{url}watch", is_async)
        with pytest.raises(redis.ConnectionError, match="invalid username-password"):
            await _answer(f"{url}wrong", is_async)


@pytest.mark.parametrize("is_async", [False, True])
async def test_the_rights_that_sentinels_must_give_are_enough(is_async: bool) -> None:
    """A user who may ask for the master and name itself finds it; one who may not is told so."""
    with running_redis(is_durable=False) as server, ExitStack() as stack:
        rights = " ".join(f"+{command}" for command in AT_SENTINELS)
        lines = (f"user watcher on >secret -@all {rights}", "user idler on >secret -@all")
        sentinel = Sentinel(server.port, lines=lines)
        stack.callback(sentinel.close)
        sentinel.start()
        wait_until(lambda: sentinel.knows(sentinels=0, replicas=0), "the sentinel")
        url = f"redis+sentinel://127.0.0.1:{sentinel.port}/{SERVICE}?sentinel_password=secret&sentinel_username="

        assert await _answer(f"{url}watcher", is_async)
        with pytest.raises(redis.RedisError, match="no permissions"):
            await _answer(f"{url}idler", is_async)


async def test_many_connections_are_made_at_once(deployment: SentinelDeployment) -> None:
    """Each finds the master, whoever asks at the same time."""
    reader = connect_async(deployment.url)

    assert await asyncio.gather(*(reader.ping() for _ in range(8))) == [True] * 8
    await reader.aclose()


async def test_without_a_quorum_the_last_master_is_waited_for(
    deployment: SentinelDeployment, open_recorder: OpenRecorder
) -> None:
    """One of three sentinels is left, so no other master is made: counts wait, quickly, until the old one is back."""
    recorder = open_recorder(deployment.url, flush_interval=60)
    recorder._started = True  # each flush is this test's own
    load = Load(recorder, PROVIDERS)
    load.record()
    settle(recorder)
    master = deployment.servers[deployment.master()]
    for sentinel in deployment.sentinels[:2]:
        sentinel.kill()
    master.pause()
    load.record()
    began = unhindered_seconds()

    assert not recorder.flush()
    assert unhindered_seconds() - began < 1.0 + SLACK_SECONDS
    assert recorder.stats()["last_error"] == "timed out"

    async with MetricsStore(deployment.url) as store:
        with pytest.raises(StoreUnavailableError, match="timed out"):
            await store.totals()
    master.resume()
    settle(recorder)
    with master.client() as client:
        assert counted(client) == load.ledger.counters()
    for sentinel in deployment.sentinels[:2]:
        sentinel.start()
