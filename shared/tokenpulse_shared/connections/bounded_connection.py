"""Blocking connections that end their every wait by the time limit, and leave a server that is no master.

Strategy: redis-py's connections, with the socket wrapped (`BoundedSocket`), the host looked up in bounded time,
and the time to connect shared out among a host's addresses, so that one that swallows packets leaves time for
the next. A server that says it takes no writes may have been replaced, behind the same name or by a Sentinel:
the connection is then made anew, the address looked up again, before the next command.
"""

import socket
import time
from typing import Any

import redis
from redis.connection import UnixDomainSocketConnection
from redis.exceptions import ResponseError

from tokenpulse_shared.connections.bounded_socket import BoundedSocket
from tokenpulse_shared.connections.cluster_replies import is_of_replica
from tokenpulse_shared.connections.host_lookup import AddressInfo, HostLookup
from tokenpulse_shared.time_limit import seconds_left


class _Dialling(redis.Connection):
    """Connect to the first address that answers; returns plain sockets, for TLS to build on."""

    socket_connect_timeout: float
    socket_timeout: float

    def __init__(self, *, lookup: HostLookup, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]  # untyped in redis-py
        self._lookup = lookup

    def _connect(self) -> socket.socket:
        within = seconds_left(self.socket_connect_timeout)
        ends_at = time.monotonic() + within
        failure: OSError = TimeoutError("no time was left to connect")
        addresses = self._lookup.addresses(self.host, self.port, within)
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            seconds = (ends_at - time.monotonic()) / left
            if seconds <= 0:
                break
            try:
                return self._dial(address, seconds)
            except OSError as error:
                failure = error
        raise failure

    def _dial(self, address: AddressInfo, seconds: float) -> socket.socket:
        family, kind, protocol, _, place = address
        dialled = socket.socket(family, kind, protocol)
        try:
            dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            dialled.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            dialled.settimeout(seconds)
            dialled.connect(place)
            dialled.settimeout(seconds_left(self.socket_timeout) or seconds)  # a TLS handshake is yet to come
        except BaseException:
            dialled.close()
            raise
        return dialled


class _Doubting(redis.connection.AbstractConnection):
    """Drop the connection to a server that turned out not to be the master before it is used again."""

    socket_timeout: float
    is_doubtful = False

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        """Read a reply; a refusal that only a replica gives is remembered."""
        try:
            return super().read_response(*arguments, **options)
        except ResponseError as error:
            self.is_doubtful |= is_of_replica(error)
            raise

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Send a command, over a new connection when the old one is doubtful."""
        if self.is_doubtful:
            self.disconnect()  # type: ignore[no-untyped-call]  # untyped in redis-py
        super().send_packed_command(command, check_health=check_health)  # type: ignore[no-untyped-call]  # untyped in redis-py

    def _connect(self) -> Any:
        connected = super()._connect()  # type: ignore[safe-super,no-untyped-call]  # the next class has one
        self.is_doubtful = False
        return BoundedSocket(connected, self.socket_timeout)


class BoundedConnection(_Doubting, _Dialling):
    """Connect by TCP."""


class BoundedTlsConnection(_Doubting, redis.SSLConnection, _Dialling):
    """Connect by TCP, encrypted."""


class BoundedUnixConnection(_Doubting, UnixDomainSocketConnection):
    """Connect by a socket in the file system."""

    def __init__(self, *, lookup: HostLookup, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]  # untyped in redis-py
