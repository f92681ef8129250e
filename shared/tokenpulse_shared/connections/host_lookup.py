"""Look host names up within the time limit.

A resolver that does not answer holds its caller for many seconds, and cannot be told to give up. So a name is
looked up in a thread that is left behind when the time is over; whoever asks again waits for the same lookup.
Bound: one thread for each name.
"""

import socket
import threading
from ipaddress import ip_address

AddressInfo = tuple[
    socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]
]
"""What `socket.getaddrinfo` returns of one address."""


class _Lookup(threading.Thread):
    """Look one name up."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(name="tokenpulse-lookup", daemon=True)
        self._host = host
        self._port = port
        self._found: list[AddressInfo] = []
        self._error: OSError | None = None

    def run(self) -> None:
        """Keep what is found, or why nothing is."""
        try:
            self._found = _look_up(self._host, self._port)
        except OSError as error:
            self._error = error

    def result(self) -> list[AddressInfo]:
        """Return the addresses; call it once the thread has ended."""
        if self._error is not None:
            raise self._error
        return self._found


class HostLookup:
    """Look names up; a lookup that takes too long goes on in the background."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, int], _Lookup] = {}

    def addresses(self, host: str, port: int, seconds: float) -> list[AddressInfo]:
        """Return the addresses of a host, at least one.

        Raises:
            TimeoutError: the resolver did not answer within `seconds`.
            OSError: the name is not known.
        """
        if _is_address(host):
            return _look_up(host, port)
        key = host, port
        lookup = self._running.get(key)
        if lookup is None:
            lookup = _Lookup(host, port)
            try:
                lookup.start()
            except RuntimeError:  # the interpreter is shutting down, or has no threads left
                return _look_up(host, port)
            self._running[key] = lookup
        lookup.join(seconds)
        if lookup.is_alive():
            raise TimeoutError("the host name was not looked up in time")
        self._running.pop(key, None)
        return lookup.result()


def _look_up(host: str, port: int) -> list[AddressInfo]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)  # type: ignore[return-value]  # wider in typeshed


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
