"""Speak HTTP/1.1 and HTTP/2 to a server over a bare socket, keeping all it sends.

Of two transcripts of the same conversation only the dates may differ, so `date` is left out.
"""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal

import h2.config
import h2.connection
import h2.errors
import h2.events

Protocol = Literal["http/1.1", "h2"]
TIMEOUT_SECONDS: Final = 20.0
_DATE: Final = re.compile(rb"\r\ndate: [^\r\n]*", re.IGNORECASE)


@dataclass(slots=True)
class Transcript:
    """Hold what a server sent for one request, in order; `ending` is how it stopped."""

    heads: list[object] = field(default_factory=list)
    body: bytes = b""
    ending: str = "closed"


def head_of(method: str, path: str, length: int) -> bytes:
    """Return the head of an HTTP/1.1 request on a connection of its own."""
    return (
        f"{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n"
        f"content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    ).encode()


def connect(port: int, *, buffer_bytes: int | None = None) -> socket.socket:
    """Return a connection to a local port; `buffer_bytes`: what its receive buffer holds, about."""
    connection = socket.socket()
    if buffer_bytes is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    connection.settimeout(TIMEOUT_SECONDS)
    try:
        connection.connect(("127.0.0.1", port))
    except OSError:
        connection.close()
        raise
    return connection


def read_to_end(connection: socket.socket) -> bytes:
    """Return what comes until the server closes; a reset is a close."""
    received = bytearray()
    while True:
        try:
            more = connection.recv(1 << 20)
        except ConnectionResetError:
            return bytes(received)
        if not more:
            return bytes(received)
        received += more


def read_until(connection: socket.socket, fragment: bytes) -> bytes:
    """Return what comes until the fragment is there."""
    received = b""
    while fragment not in received:
        more = connection.recv(65_536)
        assert more, f"the server closed first, after: {received!r}"
        received += more
    return received


class Http2Client:
    """Hold one HTTP/2 connection, begun without asking (prior knowledge); any number of streams."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        configuration = h2.config.H2Configuration(client_side=True, header_encoding=None)
        self._protocol = h2.connection.H2Connection(configuration)
        self._protocol.initiate_connection()
        self._streams: dict[int, Transcript] = {}
        self.ended: set[int] = set()
        self._flush()

    def ask(self, method: str, path: str, content: bytes) -> int:
        """Send a request; return its stream's number."""
        stream = self._protocol.get_next_available_stream_id()
        self._streams[stream] = Transcript()
        head = {":method": method, ":scheme": "http", ":authority": "test", ":path": path, "te": "trailers"}
        self._protocol.send_headers(stream, list(head.items()), end_stream=not content)
        if content:
            self._protocol.send_data(stream, content, end_stream=True)
        self._flush()
        return stream

    def leave(self, stream: int) -> None:
        """Reset a stream, as a client does that wants no more of it."""
        self._protocol.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
        self._flush()

    def transcript(self, stream: int) -> Transcript:
        """Return what the server sent so far."""
        return self._streams[stream]

    def read_to_end(self, *streams: int) -> list[Transcript]:
        """Return the transcripts of these streams once all have ended."""
        while not self.ended.issuperset(streams):
            self.read()
        return [self._streams[stream] for stream in streams]

    def read(self) -> None:
        """Take what the server sends next."""
        received = self._socket.recv(65_536)
        if not received:
            self.ended.update(self._streams)
            return
        for event in self._protocol.receive_data(received):
            self._take(event)
        self._flush()

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.DataReceived):
            self._streams[event.stream_id].body += event.data
            self._protocol.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(
            event,
            h2.events.InformationalResponseReceived | h2.events.ResponseReceived | h2.events.TrailersReceived,
        ):
            kept = [(name, value) for name, value in event.headers if name != b"date"]
            self._streams[event.stream_id].heads.append((type(event).__name__, kept))
        elif isinstance(event, h2.events.StreamEnded):
            self._end(event.stream_id, "ended")
        elif isinstance(event, h2.events.StreamReset):
            self._end(event.stream_id, f"reset {event.error_code}")

    def _end(self, stream: int, ending: str) -> None:
        self._streams[stream].ending = ending
        self.ended.add(stream)

    def _flush(self) -> None:
        self._socket.sendall(self._protocol.data_to_send())


@contextmanager
def http2(port: int) -> Iterator[Http2Client]:
    """Give a connection that speaks HTTP/2."""
    with connect(port) as connection:
        yield Http2Client(connection)


def converse(protocol: Protocol, port: int, method: str, path: str, content: bytes = b"") -> Transcript:
    """Send one request on a connection of its own; return all the server sent."""
    if protocol == "h2":
        with http2(port) as client:
            return client.read_to_end(client.ask(method, path, content))[0]
    with connect(port) as connection:
        connection.sendall(head_of(method, path, len(content)) + content)
        head, _, sent = read_to_end(connection).partition(b"\r\n\r\n")
    return Transcript([_DATE.sub(b"", head)], sent)
