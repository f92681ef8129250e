"""Stand between writers and Redis, and break the conversation in every way a network can."""

import contextlib
import socket
import struct
import threading
import time
from collections import Counter
from typing import Final, Literal, Self, get_args

Fault = Literal[
    "delay",
    "cut_request",
    "half_request",
    "cut_reply",
    "half_reply",
    "withhold_reply",
    "reset",
    "stray_bytes",
    "stray_reply",
]
FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)

DELAY_SECONDS: Final = 0.3
_CHUNK_BYTES: Final = 65536
_RESET: Final = struct.pack("ii", 1, 0)
_STRAY: Final = {"stray_bytes": b"?\x00!\r\n", "stray_reply": b"*2\r\n$2\r\nOK\r\n:1\r\n"}


class ChaosProxy:
    """Forward TCP to a port of the loopback; `break_next` breaks one exchange, `blackhole` all of them.

    A fault is consumed by the next request (those of requests) or the next reply (the others) of any connection.
    """

    def __init__(self, port: int) -> None:
        self._upstream_port = port
        self._lock = threading.Lock()
        self._next: Fault | None = None
        self.done: Counter[str] = Counter()
        """Faults that met an exchange, by kind."""
        self.is_blackhole = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []

    @property
    def url(self) -> str:
        """Return the URL of database 0 through the proxy."""
        return f"redis://127.0.0.1:{self.port}/0"

    def break_next(self, fault: Fault | None) -> None:
        """Have the next exchange broken so; None: no longer."""
        with self._lock:
            self._next = fault

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._sockets:
            _end(connection)
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                upstream = socket.create_connection(("127.0.0.1", self._upstream_port))
            except OSError:
                if self._listener.fileno() < 0:
                    return
                with contextlib.suppress(UnboundLocalError, OSError):
                    client.close()
                continue
            self._sockets += [client, upstream]
            for source, target, faults in (
                (client, upstream, ("cut_request", "half_request")),
                (upstream, client, FAULTS[3:] + FAULTS[:1]),
            ):
                threading.Thread(target=self._forward, args=(source, target, faults), daemon=True).start()

    def _take(self, faults: tuple[Fault, ...]) -> Fault | None:
        with self._lock:
            fault = self._next
            if fault not in faults:
                return None
            self._next = None
            self.done[str(fault)] += 1
            return fault

    def _forward(self, source: socket.socket, target: socket.socket, faults: tuple[Fault, ...]) -> None:
        with contextlib.suppress(OSError):  # a broken connection is the end of the conversation
            while data := source.recv(_CHUNK_BYTES):
                if self.is_blackhole.is_set():
                    continue
                fault = self._take(faults)
                if fault == "withhold_reply":
                    continue
                if fault == "delay":
                    time.sleep(DELAY_SECONDS)
                elif fault in _STRAY:
                    target.sendall(_STRAY[fault])
                elif fault is not None:
                    _cut(source, target, data, fault)
                    return
                target.sendall(data)
        _end(source)
        _end(target)


def _cut(source: socket.socket, target: socket.socket, data: bytes, fault: Fault) -> None:
    """End the conversation, with half of the data passed on, or none."""
    if fault.startswith("half"):
        target.sendall(data[: len(data) // 2])
    elif fault == "reset":
        target.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        target.close()
    _end(source)
    _end(target)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side may have ended it
        connection.shutdown(socket.SHUT_RDWR)
