"""Stand between a client and Redis, and say a reply otherwise than Redis did."""

import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Final, Self

_CHUNK_BYTES: Final = 65536

Telling = Callable[[bytes], Sequence[bytes]]
"""Makes the pieces that are sent, each by itself, of the reply that Redis gave."""


class ReplyProxy:
    """Forward TCP to a port of the loopback, request by request; `tell_next` changes one reply.

    A request and its reply must each fit in a chunk: Redis answers what came together with one write.
    """

    def __init__(self, port: int) -> None:
        self._upstream_port = port
        self._telling: Telling | None = None
        self._instead: bytes | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        """Return the URL of database 0 through the proxy."""
        return f"redis://127.0.0.1:{self.port}/0"

    def tell_next(self, telling: Telling) -> None:
        """Have the next reply told so."""
        self._telling = telling

    def swallow_next(self, answer: bytes) -> None:
        """Keep the next request from Redis, and answer it so."""
        self._instead = answer

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            upstream = socket.create_connection(("127.0.0.1", self._upstream_port))
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._converse, args=(client, upstream), daemon=True).start()

    def _converse(self, client: socket.socket, upstream: socket.socket) -> None:
        with client, upstream, contextlib.suppress(OSError):
            while request := client.recv(_CHUNK_BYTES):
                for piece in self._answer(upstream, request):
                    client.sendall(piece)

    def _answer(self, upstream: socket.socket, request: bytes) -> Sequence[bytes]:
        instead, self._instead = self._instead, None
        if instead is not None:
            return [instead]
        upstream.sendall(request)
        reply = upstream.recv(_CHUNK_BYTES)
        telling, self._telling = self._telling, None
        return [reply] if telling is None else telling(reply)
