"""Blocking connections to the master that the sentinels name, asked anew for each connection.

Bounds: looking the master up and connecting to it share one connect timeout, and every sentinel has its part of
it, so that dead ones do not use up the time of those that live. A sentinel is asked once, without retries.
"""

from collections.abc import Mapping
from typing import Any

from redis.exceptions import RedisError

from tokenpulse_shared.connections.bounded_connection import BoundedConnection, BoundedTlsConnection
from tokenpulse_shared.connections.many_hosts_url import Host
from tokenpulse_shared.connections.sentinel_directory import QUESTION, SentinelDirectory
from tokenpulse_shared.time_limit import seconds_left, time_limit


class SentinelGuide:
    """Ask the sentinels for the master; `options`: of the connections to sentinels, without host and port."""

    def __init__(
        self,
        directory: SentinelDirectory,
        connection_class: type[BoundedConnection] | type[BoundedTlsConnection],
        options: Mapping[str, Any],
    ) -> None:
        self.directory = directory
        self._connection_class = connection_class
        self._options = options

    def master(self, seconds: float) -> Host:
        """Return the master's address, within the time.

        Raises:
            MasterNotFoundError: sentinels answer, none knows the name.
            RedisError: none answered, and none ever did.
            OSError: the same, in a way the driver does not translate.
        """
        silence: Exception | None = None
        was_answered = False
        with time_limit(seconds):
            for sentinel, parts in self.directory.turns():
                try:
                    with time_limit(seconds_left(seconds) / parts):
                        reply = self._ask(sentinel)
                except (RedisError, OSError) as error:
                    silence = error
                    self.directory.put_last(sentinel)
                    continue
                if (master := self.directory.take(sentinel, reply)) is not None:
                    return master
                was_answered = True
        return self.directory.without_answer(silence, was_answered=was_answered)

    def _ask(self, sentinel: Host) -> Any:
        host, port = sentinel
        connection: Any = self._connection_class(host=host, port=port, **self._options)
        try:
            connection.send_command(*QUESTION, self.directory.service)
            return connection.read_response()
        finally:
            connection.disconnect()


class _Guided(BoundedConnection):
    """Connect to wherever the guide says."""

    def __init__(self, *, guide: SentinelGuide, **options: Any) -> None:
        super().__init__(**options)
        self._guide = guide

    def _connect(self) -> Any:
        if self.is_doubtful:
            self._guide.directory.distrust()
        timeout = seconds_left(self.socket_connect_timeout)
        with time_limit(timeout):
            self.host, self.port = self._guide.master(timeout)
            try:
                return super()._connect()
            except OSError:
                self._guide.directory.distrust()
                raise


class SentinelConnection(_Guided):
    """Connect to the master by TCP."""


class SentinelTlsConnection(_Guided, BoundedTlsConnection):
    """Connect to the master by TCP, encrypted."""
