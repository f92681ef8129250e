"""Tests of working while a real Redis works."""

from collections.abc import Callable

import pytest
import redis

from tokenpulse.writing.overlapped import overlapped
from tokenpulse.writing.script_call import Script
from tokenpulse_shared.redis_client import connect


@pytest.fixture
def client(redis_url: str) -> redis.Redis:
    """Give a client as the writer has it."""
    return connect(redis_url, name="test")


def _nothing() -> None:
    """Do no work."""


def test_replies_come_in_order_with_refusals_among_them(client: redis.Redis) -> None:
    """What the server refuses stands where its reply would, and stops nothing."""
    client.lpush("list", "x")
    replies = overlapped(client, [("SET", "a", 1), ("GET", "list"), ("GET", "a")], _nothing)

    assert (replies[0], replies[2]) == (b"OK", b"1")
    assert isinstance(replies[1], redis.ResponseError)


def test_the_work_is_done_before_replies_are_read(client: redis.Redis) -> None:
    """It may use the client itself: what was sent before has been done by then."""
    seen: list[object] = []
    replies = overlapped(client, [("INCR", "n")], lambda: seen.append(client.incr("n")))

    assert [replies, seen] in ([[1], [2]], [[2], [1]])


def _fail() -> None:
    raise KeyError("x")


@pytest.mark.parametrize(
    ("commands", "meanwhile", "error"),
    [([("GET", "a")], _fail, KeyError), ([("NOSUCH", "a")] * 2, _fail, KeyError)],
)
def test_nobody_reads_the_replies_of_work_that_failed(
    client: redis.Redis,
    commands: list[tuple[str, ...]],
    meanwhile: Callable[[], None],
    error: type[Exception],
) -> None:
    """The connection is closed with its replies unread; the next command has its own reply."""
    with pytest.raises(error):
        overlapped(client, commands, meanwhile)

    assert client.echo("mine") == b"mine"


def test_scripts_new_to_the_server_are_called_by_their_text(client: redis.Redis) -> None:
    """The work is done once, whether or not the server knew the script."""
    client.script_flush()
    calls: list[int] = []
    script = Script("apply")
    for sequence in (1, 2):
        [reply] = script.call_all(
            client,
            [
                (
                    "k",
                    (
                        "w",
                        sequence - 1,
                        sequence,
                        60,
                        b'{"increments":[],"sketches":[],"scores":[],"lists":[],"calls":[]}',
                    ),
                )
            ],
            lambda: calls.append(1),
        )
        assert reply[:2] == [b"OK", sequence]

    assert calls == [1, 1]
