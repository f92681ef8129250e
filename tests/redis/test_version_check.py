"""Tests of the keyspace's version: written once, never over a newer one, confirmed now and then."""

from collections.abc import Callable

import pytest
import redis

from tests.support.clock import FakeClock
from tests.support.redis_server import RedisServer
from tests.support.written import KEYS, record_each, total
from tokenpulse.flushing.version_check import CHECK_SECONDS, VersionCheck
from tokenpulse.recorder import Recorder
from tokenpulse_shared.errors import KeyspaceVersionError
from tokenpulse_shared.redis_client import connect
from tokenpulse_shared.store import MetricsStore

KEY = KEYS.version()
MakeRecorder = Callable[..., Recorder]


def test_the_first_writer_writes_the_version(make_recorder: MakeRecorder, redis_client: redis.Redis) -> None:
    """The key holds the version, and stays."""
    recorder = make_recorder()
    record_each(recorder, "p", "m")

    assert recorder.flush()
    assert (redis_client.get(KEY), redis_client.ttl(KEY)) == (b"1", -1)


def test_a_newer_keyspace_is_left_alone(
    make_recorder: MakeRecorder, redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is written, everything is kept, the reason is said once; once the version fits it is all sent."""
    redis_client.set(KEY, 2)
    recorder = make_recorder()
    record_each(recorder, "p", "m", "n")
    for _ in range(3):
        assert not recorder.flush()

    assert redis_client.keys("*") == [KEY.encode()]
    assert recorder.stats()["last_error"] == "nothing is written: keyspace version 2 is newer than 1"
    assert recorder.stats()["series"] == 2
    assert [record.getMessage() for record in caplog.records] == [
        "flush failed, counts are kept and sent later: nothing is written: keyspace version 2 is newer than 1"
    ]

    redis_client.set(KEY, 1)

    assert recorder.flush()
    assert total(redis_client, "p") == 2


def test_an_older_version_is_raised(redis_client: redis.Redis, redis_url: str) -> None:
    """A release that writes says so to older ones."""
    redis_client.set(KEY, 0)
    with connect(redis_url) as client:
        VersionCheck(client, KEYS).confirm()

    assert redis_client.get(KEY) == b"1"


@pytest.mark.parametrize("held", ["list", "two", "-1"])
def test_a_version_that_is_none_is_refused(redis_client: redis.Redis, redis_url: str, held: str) -> None:
    """What cannot be read may be of a newer release."""
    if held == "list":
        redis_client.lpush(KEY, "1")
    else:
        redis_client.set(KEY, held)

    with connect(redis_url) as client, pytest.raises(KeyspaceVersionError, match="is not a number"):
        VersionCheck(client, KEYS).confirm()


def test_the_version_is_looked_at_again(redis_client: redis.Redis, redis_url: str) -> None:
    """A version that is passed is trusted for seconds, one that was lost comes back, a newer one is noticed."""
    clock = FakeClock()
    with connect(redis_url) as client:
        check = VersionCheck(client, KEYS, clock.monotonic)
        check.confirm()
        redis_client.flushall()
        check.confirm()

        assert not redis_client.exists(KEY)

        clock.advance(CHECK_SECONDS)
        check.confirm()

        assert redis_client.get(KEY) == b"1"

        redis_client.set(KEY, 2)
        clock.advance(CHECK_SECONDS)
        for _ in range(2):
            with pytest.raises(KeyspaceVersionError, match="keyspace version 2 is newer than 1"):
                check.confirm()


def test_redis_that_cannot_be_asked_stops_the_first_check_only(redis_server: RedisServer) -> None:
    """Before the first answer nobody knows what is there; later what was passed is taken to hold."""
    clock = FakeClock()
    with connect(redis_server.url) as client:
        check = VersionCheck(client, KEYS, clock.monotonic)
        check.confirm()
        redis_server.kill()
        clock.advance(CHECK_SECONDS)
        check.confirm()

        with pytest.raises(redis.ConnectionError):
            VersionCheck(client, KEYS, clock.monotonic).confirm()


def test_a_version_that_cannot_be_written_is_the_server_s_refusal(redis_server: RedisServer) -> None:
    """On an empty server that takes no writes the check says what the server said."""
    with redis_server.client() as look, connect(redis_server.url) as client:
        look.replicaof("127.0.0.1", "1")

        with pytest.raises(redis.ReadOnlyError):
            VersionCheck(client, KEYS).confirm()


def test_a_refusal_is_passed_on(redis_server: RedisServer) -> None:
    """A user who may not read the version does not write."""
    with redis_server.client() as look, connect(redis_server.url) as client:
        look.execute_command("ACL", "SETUSER", "default", "-get")

        with pytest.raises(redis.exceptions.NoPermissionError):
            VersionCheck(client, KEYS).confirm()


async def test_a_reader_takes_its_own_version_and_the_one_before(
    redis_client: redis.Redis, redis_url: str
) -> None:
    """A newer keyspace is not read, neither its windows nor its totals; an older one and one without a version are."""
    for readable in (None, 0, 1):
        redis_client.flushall() if readable is None else redis_client.set(KEY, readable)
        async with MetricsStore(redis_url) as store:
            assert await store.providers() == []
            assert (await store.totals()).corrupt_keys == ()
    redis_client.set(KEY, 2)
    async with MetricsStore(redis_url) as store:
        for read in (store.providers, store.totals, store.ping):
            with pytest.raises(KeyspaceVersionError, match="keyspace version 2 is newer than 1"):
                await read()


async def test_a_reader_leaves_out_a_version_of_a_wrong_type(
    redis_client: redis.Redis, redis_url: str
) -> None:
    """Something else at the key is noted as corrupt, the rest is read."""
    redis_client.lpush(KEY, "1")
    async with MetricsStore(redis_url) as store:
        assert await store.providers() == []
        assert store.corrupt_keys == 1
        assert (await store.totals()).corrupt_keys == (KEY,)
