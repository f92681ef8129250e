"""Tests of how the first words of a connection fail."""

import pytest
import redis

from tokenpulse_shared.connections.redis_greeting import ClosedUnansweredError, greet


class _Connection:
    """Fail, or not, at the first words."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error
        self.greetings = 0

    def on_connect(self) -> None:
        self.greetings += 1
        if self._error is not None:
            raise self._error


def test_a_greeting_is_redis_pys_own() -> None:
    """Login, name and database are sent as the driver does, once."""
    connection = _Connection(None)
    greet(connection)

    assert connection.greetings == 1


def test_a_connection_closed_at_once_is_told_apart() -> None:
    """It stays a connection error to whoever catches those, with its cause."""
    cause = redis.ConnectionError("Connection closed by server.")
    with pytest.raises(ClosedUnansweredError) as caught:
        greet(_Connection(cause))

    assert isinstance(caught.value, redis.ConnectionError)
    assert caught.value.__cause__ is cause


@pytest.mark.parametrize(
    "error",
    [
        redis.AuthenticationError("WRONGPASS"),
        redis.BusyLoadingError("LOADING"),
        redis.ConnectionError("max number of clients reached", status_code="ERR"),
        redis.TimeoutError("slow"),
        redis.exceptions.NoPermissionError("NOPERM"),
    ],
)
def test_what_the_server_says_passes(error: Exception) -> None:
    """A refusal is an answer; a server that is slow has not closed anything."""
    with pytest.raises(type(error)) as caught:
        greet(_Connection(error))

    assert caught.value is error
