"""Stand between a client and Redis, and break the conversation where a test says."""

import contextlib
import socket
import threading
from typing import Final, Self

_CHUNK_BYTES: Final = 65536


class FaultProxy:
    """Forward TCP to a port of the loopback; `drop_reply_to` cuts a connection after Redis did the work.

    The request whose bytes hold the fragment is passed on, its reply is awaited, then thrown away with the
    connection: what a client sees when a reply is lost.
    """

    def __init__(self, port: int) -> None:
        self._upstream_port = port
        self._lock = threading.Lock()
        self._fragment: bytes | None = None
        self.cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def url(self) -> str:
        """Return the URL of database 0 through the proxy."""
        return f"redis://127.0.0.1:{self.port}/0"

    def drop_reply_to(self, fragment: bytes) -> None:
        """Cut the connection once, at the reply to the next request that holds the fragment."""
        with self._lock:
            self._fragment = fragment

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._sockets:
            _end(connection)
        for thread in self._threads:
            thread.join(timeout=10)
        for connection in self._sockets:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            upstream = socket.create_connection(("127.0.0.1", self._upstream_port))
            self._sockets += [client, upstream]
            thread = threading.Thread(target=self._converse, args=(client, upstream), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _converse(self, client: socket.socket, upstream: socket.socket) -> None:
        """Forward requests here and replies in a second thread, which cuts at the reply to a marked request."""
        is_cut = threading.Event()
        replies = threading.Thread(target=_forward, args=(upstream, client, is_cut), daemon=True)
        self._threads.append(replies)
        replies.start()
        try:
            while data := client.recv(_CHUNK_BYTES):
                if self._is_marked(data):
                    is_cut.set()
                upstream.sendall(data)
        except OSError:
            is_cut.set()
        _end(upstream)
        _end(client)

    def _is_marked(self, data: bytes) -> bool:
        with self._lock:
            if self._fragment is None or self._fragment not in data:
                return False
            self._fragment = None
            self.cuts += 1
            return True


def _forward(source: socket.socket, target: socket.socket, is_cut: threading.Event) -> None:
    with contextlib.suppress(OSError):  # a broken connection is the end of the conversation
        while (data := source.recv(_CHUNK_BYTES)) and not is_cut.is_set():
            target.sendall(data)
    _end(source)
    _end(target)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side may have ended it
        connection.shutdown(socket.SHUT_RDWR)
