"""Tell a connection that was closed before its first answer from one that was lost later.

A port that speaks only TLS, or a proxy without a Redis behind it, takes a connection and closes it: without
this it looks like a Redis that went away.
"""

from typing import Any

import redis


class ClosedUnansweredError(redis.ConnectionError):
    """Say that the server took the connection, then closed it before it answered anything."""


def greet(connection: Any) -> None:
    """Log in and name the connection, as redis-py does; given to it as `redis_connect_func`.

    Raises:
        ClosedUnansweredError: the server closed the connection.
        redis.RedisError: the server refused.
    """
    try:
        connection.on_connect()
    except redis.ConnectionError as error:
        # Its subclasses are refusals, and so is what the server itself said.
        if type(error) is redis.ConnectionError and getattr(error, "status_code", None) is None:
            raise ClosedUnansweredError(str(error)) from error
        raise
