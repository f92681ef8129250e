"""Tests of a link to one server, whose replies are received later than its commands are sent."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis

from tests.support.chaos_proxy import ChaosProxy
from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer
from tokenpulse_shared.connections.node_link import NodeLink
from tokenpulse_shared.redis_client import connect


@contextmanager
def _link(url: str) -> Iterator[NodeLink]:
    with connect(url) as client:
        link = NodeLink(client.connection_pool.make_connection())
        yield link
        link.close()


def test_replies_come_in_order_refusals_among_them(redis_url: str) -> None:
    """What was sent first is answered first; the connection stays."""
    with _link(redis_url) as link:
        link.reach()
        link.send([("SET", "k", 1), ("HGET", "k", "f"), ("GET", "k")])
        done, refusal, held = link.receive()

        assert (done, held) == (b"OK", b"1")
        assert isinstance(refusal, redis.ResponseError)


def test_replies_that_nobody_received_are_never_taken_for_others(redis_url: str) -> None:
    """Whoever sends again gets the replies to what they sent."""
    with _link(redis_url) as link:
        for word in ("one", "two"):
            link.reach()
            link.send([("ECHO", word)])
        assert link.receive() == [b"two"]


def test_a_connection_that_was_closed_is_made_anew(redis_server: RedisServer) -> None:
    """Before anything is sent, so that nothing is in doubt."""
    with _link(redis_server.url) as link:
        link.reach()
        link.send([("PING",)])
        link.receive()
        redis_server.restart()
        link.reach()
        link.send([("PING",)])

        assert link.receive() == [b"PONG"]


def test_stray_bytes_end_the_connection(redis_server: RedisServer) -> None:
    """They would stand in the place of the next reply."""
    with ChaosProxy(redis_server.port) as proxy, _link(proxy.url) as link:
        link.reach()
        proxy.plan.break_next("stray_reply")
        link.send([("PING",)])
        link.receive()
        wait_until(link._connection.can_read, "the reply behind the stray one")
        link.reach()
        link.send([("ECHO", "mine")])

        assert link.receive() == [b"mine"]


def test_a_lost_connection_is_an_error_until_it_is_reached_again(redis_server: RedisServer) -> None:
    """Sending is no connecting."""
    with _link(redis_server.url) as link:
        link.reach()
        redis_server.kill()
        link.send([("PING",)])
        with pytest.raises(redis.ConnectionError):
            link.receive()
        with pytest.raises(redis.ConnectionError):
            link.reach()
        redis_server.restart()
        link.reach()
        link.send([("PING",)])

        assert link.receive() == [b"PONG"]
