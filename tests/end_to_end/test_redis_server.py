"""Tests of the redis-server driver that other tests stand on."""

import pytest
import redis

from tests.support.redis_server import RedisServer, RedisServerMissingError


def test_restart_after_kill_keeps_what_was_acknowledged(redis_server: RedisServer) -> None:
    """A killed server comes back on its port with every acknowledged write when asked to keep data."""
    with redis_server.client() as client:
        client.set("count", 7)
        redis_server.kill()

        assert not redis_server.is_running
        with pytest.raises(redis.ConnectionError):
            client.ping()

        redis_server.restart(keep_data=True)

        assert client.get("count") == b"7"


def test_restart_comes_back_empty_by_default(redis_server: RedisServer) -> None:
    """A restart without keep_data loses everything, as a server without persistence does."""
    with redis_server.client() as client:
        client.set("count", 7)
        redis_server.restart()

        assert client.dbsize() == 0


def test_paused_server_answers_after_resume(redis_server: RedisServer) -> None:
    """A paused server lets a call time out and answers once it goes on."""
    with redis.Redis(port=redis_server.port, protocol=2, socket_timeout=0.1) as client:
        client.ping()
        redis_server.pause()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        redis_server.resume()

    with redis_server.client() as patient:
        assert patient.ping()


def test_redis_url_starts_empty(redis_url: str, redis_client: redis.Redis) -> None:
    """The shared database is empty for each test that asks for it."""
    assert redis_url.startswith("redis")
    assert redis_client.dbsize() == 0


def test_missing_binary_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without redis-server on PATH the driver says what to install."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(RedisServerMissingError, match="apt-get install redis-server"):
        RedisServer()
