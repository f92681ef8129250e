"""Have a socket's every wait end by the time limit of the thread that waits."""

import socket
from typing import Any, Final

from tokenpulse_shared.time_limit import seconds_left

_SEND_BYTES: Final = 262144
"""Sent at a time: between two, the time that is left is looked at again."""


class BoundedSocket:
    """Wrap a socket, plain or encrypted; what is not named here is passed on to it.

    A peer that sends a byte now and then would keep a plain timeout from ever passing: here it is the limit of
    the whole that counts.
    """

    def __init__(self, wrapped: socket.socket, timeout_seconds: float | None) -> None:
        self._socket = wrapped
        self._timeout_seconds = timeout_seconds

    def settimeout(self, seconds: float | None) -> None:
        """Set the longest single wait; 0 never waits, whatever the limit."""
        self._timeout_seconds = seconds
        self._socket.settimeout(seconds)

    def recv(self, *arguments: Any) -> bytes:
        """Receive as a socket does.

        Raises:
            TimeoutError: nothing came in time.
        """
        self._arm()
        return self._socket.recv(*arguments)

    def recv_into(self, *arguments: Any) -> int:
        """Receive as a socket does.

        Raises:
            TimeoutError: nothing came in time.
        """
        self._arm()
        return self._socket.recv_into(*arguments)

    def sendall(self, data: bytes) -> None:
        """Send everything.

        Raises:
            TimeoutError: the peer did not take it in time; how much it took is not known.
        """
        view = memoryview(data)
        while view:
            self._arm()
            view = view[self._socket.send(view[:_SEND_BYTES]) :]

    def _arm(self) -> None:
        timeout = self._timeout_seconds
        if timeout is None or timeout <= 0:
            return
        left = seconds_left(timeout)
        if left <= 0:
            raise TimeoutError("the time limit has passed")
        self._socket.settimeout(left)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)
