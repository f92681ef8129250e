"""Stand between writers and Redis, and break the conversation in every way a network can.

Only what our own clients say is broken (they give their name first): sentinels, replicas and the nodes of a cluster
reach each other through the same proxies, as their announced addresses say, and do so unharmed.
"""

import contextlib
import select
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
OUR_NAME: Final = b"tokenpulse"
"""Begins the name that our clients give themselves before anything else."""
_OF_REQUESTS: Final[tuple[Fault, ...]] = ("cut_request", "half_request")
_OF_REPLIES: Final = tuple(fault for fault in FAULTS if fault not in _OF_REQUESTS)
_CHUNK_BYTES: Final = 65536
_RESET: Final = struct.pack("ii", 1, 0)
_STRAY: Final = {"stray_bytes": b"?\x00!\r\n", "stray_reply": b"*2\r\n$2\r\nOK\r\n:1\r\n"}


class FaultPlan:
    """Say what to break next; any number of proxies may share one.

    A fault is consumed by the next request (those of requests) or the next reply (the others) of any connection.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: Fault | None = None
        self.done: Counter[str] = Counter()
        """Faults that met an exchange, by kind."""

    def break_next(self, fault: Fault | None) -> None:
        """Have the next exchange broken so; None: no longer."""
        with self._lock:
            self._next = fault

    def take(self, faults: tuple[Fault, ...]) -> Fault | None:
        """Return what to do to this exchange, None for nothing; a fault is given once."""
        with self._lock:
            fault = self._next
            if fault not in faults:
                return None
            self._next = None
            self.done[str(fault)] += 1
            return fault


class ChaosProxy:
    """Forward TCP to a port of the loopback; `plan` breaks one exchange, `is_blackhole` all of them.

    `upstream_port` may be set until somebody connects.
    """

    def __init__(self, upstream_port: int = 0, plan: FaultPlan | None = None) -> None:
        self.upstream_port = upstream_port
        self.plan = plan or FaultPlan()
        self.is_blackhole = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._sockets: set[socket.socket] = set()

    @property
    def url(self) -> str:
        """Return the URL of database 0 through the proxy."""
        return f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._sockets):
            _end(connection)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                upstream = socket.create_connection(("127.0.0.1", self.upstream_port))
            except OSError:
                client.close()
                continue
            threading.Thread(target=self._converse, args=(client, upstream), daemon=True).start()

    def _converse(self, client: socket.socket, upstream: socket.socket) -> None:
        """Forward both ways until one side ends it, or breaks."""
        self._sockets |= {client, upstream}
        with client, upstream, contextlib.suppress(OSError):
            source, data = client, client.recv(_CHUNK_BYTES)
            is_ours = OUR_NAME in data
            while data:
                target, faults = (upstream, _OF_REQUESTS) if source is client else (client, _OF_REPLIES)
                if not is_ours:
                    target.sendall(data)
                elif not self._pass_on(data, target, faults):
                    break
                source = select.select((client, upstream), (), ())[0][0]
                data = source.recv(_CHUNK_BYTES)
        self._sockets -= {client, upstream}

    def _pass_on(self, data: bytes, target: socket.socket, faults: tuple[Fault, ...]) -> bool:
        """Pass data on, or do to it what the plan says; return whether the conversation goes on."""
        if self.is_blackhole.is_set():
            return True
        fault = self.plan.take(faults)
        if fault == "withhold_reply":
            return True
        if fault == "delay":
            time.sleep(DELAY_SECONDS)
        elif fault in _STRAY:
            target.sendall(_STRAY[fault])
        elif fault is not None:
            if fault.startswith("half"):
                target.sendall(data[: len(data) // 2])
            elif fault == "reset":
                target.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            return False
        target.sendall(data)
        return True


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side may have ended it
        connection.shutdown(socket.SHUT_RDWR)
