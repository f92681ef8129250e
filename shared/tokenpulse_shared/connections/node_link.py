"""One blocking connection to one server, which sends now and receives later.

Invariant: a connection with replies that were not received is never used again.
"""

from collections.abc import Sequence
from typing import Any

from redis.connection import ConnectionInterface
from redis.exceptions import RedisError, ResponseError

from tokenpulse_shared.connections.cluster_slots import Command


class NodeLink:
    """Send batches to a server, one at a time; used by one thread at a time."""

    def __init__(self, connection: ConnectionInterface) -> None:
        self._connection: Any = connection
        self._owed = 0
        self._is_open = False

    def reach(self) -> None:
        """Connect unless connected; a connection that was closed, or holds stray bytes, is made anew.

        Raises:
            redis.RedisError: the server cannot be reached, or refuses us.
        """
        if self._owed or (self._is_open and not self._is_clean()):
            self.close()
        self._connection.connect()
        self._is_open = True

    def send(self, commands: Sequence[Command]) -> None:
        """Send the commands.

        Raises:
            redis.RedisError: the connection broke; what arrived is not known.
        """
        self._owed = len(commands)
        self._connection.send_packed_command(self._connection.pack_commands(commands))

    def receive(self) -> list[Any]:
        """Return the replies to what was sent, in order; a refused command's is the `ResponseError`.

        Raises:
            redis.RedisError: the connection broke, or the time is over.
        """
        replies: list[Any] = []
        for _ in range(self._owed):
            try:
                replies.append(self._connection.read_response())
            except ResponseError as error:
                replies.append(error)
        self._owed = 0
        return replies

    def close(self) -> None:
        """Close the connection; the next `reach` makes a new one."""
        self._owed = 0
        self._is_open = False
        self._connection.disconnect()

    def _is_clean(self) -> bool:
        try:
            return not self._connection.can_read(timeout=0)
        except (RedisError, OSError):
            return False
