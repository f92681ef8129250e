"""Tests of sockets that wait no longer than the thread may."""

import collections
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tokenpulse_shared.connections.bounded_socket import BoundedSocket
from tokenpulse_shared.time_limit import time_limit

Pair = tuple[BoundedSocket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Give a bounded socket with a timeout of 5 s, and its peer."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield BoundedSocket(ours, 5.0), theirs


def test_what_comes_in_time_is_received(pair: Pair) -> None:
    """Bytes arrive as they would without the wrapper; what it does not name is passed on."""
    ours, theirs = pair
    theirs.sendall(b"abcdef")
    buffer = bytearray(3)

    assert ours.recv(2) == b"ab"
    assert ours.recv_into(buffer) == 3
    assert (bytes(buffer), ours.recv(1, socket.MSG_PEEK)) == (b"cde", b"f")
    assert ours.fileno() > 0


def test_a_peer_that_trickles_is_given_up(pair: Pair) -> None:
    """A byte now and then does not keep the wait alive past the limit."""
    ours, theirs = pair
    is_over = threading.Event()

    def trickle() -> None:
        while not is_over.wait(0.02):
            theirs.sendall(b".")

    thread = threading.Thread(target=trickle)
    thread.start()
    began = time.monotonic()
    with pytest.raises(TimeoutError), time_limit(0.2):
        collections.deque(iter(lambda: ours.recv(10), b""), maxlen=0)
    took = time.monotonic() - began
    is_over.set()
    thread.join()

    assert 0.15 < took < 2.0


def test_a_peer_that_takes_nothing_is_given_up(pair: Pair) -> None:
    """Sending waits no longer than the limit; once it is over nothing is sent."""
    ours, _ = pair
    with time_limit(0.1):
        with pytest.raises(TimeoutError):
            ours.sendall(bytes(10_000_000))
        with pytest.raises(TimeoutError, match="the time limit has passed"):
            ours.sendall(b"more")


def test_large_data_is_sent_whole(pair: Pair) -> None:
    """Every byte arrives, in order, whatever the pieces."""
    ours, theirs = pair
    data = bytes(range(256)) * 4_000
    received = bytearray()

    def receive() -> None:
        while len(received) < len(data):
            received.extend(theirs.recv(100_000))

    thread = threading.Thread(target=receive)
    thread.start()
    ours.sendall(data)
    thread.join()

    assert bytes(received) == data


@pytest.mark.parametrize("seconds", [0, None])
def test_a_timeout_set_by_the_driver_is_kept(pair: Pair, seconds: float | None) -> None:
    """Zero never waits, whatever the limit; None leaves the socket as it is."""
    ours, theirs = pair
    ours.settimeout(seconds)
    if seconds is None:
        theirs.sendall(b"a")

        assert ours.recv(1) == b"a"
        assert ours.gettimeout() is None
    else:
        with pytest.raises(BlockingIOError), time_limit(60.0):
            ours.recv(1)
