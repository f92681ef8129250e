"""Work while a server works: send commands, do something else, then read the replies."""

from collections.abc import Callable, Sequence
from typing import Any

import redis


def overlapped(
    client: redis.Redis, commands: Sequence[Sequence[str | bytes | int]], meanwhile: Callable[[], None]
) -> list[Any]:
    """Return each command's reply, or what the server refused it with; `meanwhile` is called before any is read.

    It may use the client: that takes another of its connections. The one the commands were sent over goes back to
    the pool with every reply read, or closed: nobody reads another's replies.

    Raises:
        redis.RedisError: the connection failed.
        OSError: the same, in a way the driver does not translate.
    """
    pool: Any = client.connection_pool  # untyped in redis-py
    connection = pool.get_connection()
    try:
        connection.send_packed_command(connection.pack_commands(commands))
        meanwhile()
        return [_reply(connection) for _ in commands]
    except BaseException:
        connection.disconnect()
        raise
    finally:
        pool.release(connection)


def _reply(connection: Any) -> Any:
    try:
        return connection.read_response()
    except redis.ResponseError as error:
        return error
