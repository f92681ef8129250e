"""Tests that a flush ends within a second, whatever the server or the way to it does."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.support.redis_server import RedisServer
from tests.support.stopwatch import unhindered_seconds
from tests.support.written import record_each, total
from tokenpulse.recorder import Recorder

LIMIT_SECONDS = 1.0
SLACK_SECONDS = 0.3
"""What a busy machine adds."""
pytestmark = pytest.mark.usefixtures("own_limits")

MakeRecorder = Callable[..., Recorder]


@contextmanager
def _trickling_server() -> Iterator[int]:
    """Give the port of a server that answers whatever it is asked with one more byte every 50 ms, and no end."""
    listener = socket.create_server(("127.0.0.1", 0))
    is_over = threading.Event()
    threads: list[threading.Thread] = []

    def trickle(connection: socket.socket) -> None:
        with connection:
            connection.sendall(b"$1000000\r\n")
            while not is_over.wait(0.05):
                try:
                    connection.sendall(b".")
                except OSError:  # the client has given up
                    return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=trickle, args=(connection,)))
            threads[-1].start()

    threads.append(threading.Thread(target=accept))
    threads[0].start()
    yield listener.getsockname()[1]
    is_over.set()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for thread in threads:
        thread.join()


def _longest_flush(recorder: Recorder, times: int = 3) -> float:
    longest = 0.0
    for _ in range(times):
        began = unhindered_seconds()
        assert not recorder.flush()
        longest = max(longest, unhindered_seconds() - began)
    return longest


def test_a_server_that_trickles_is_given_up(make_recorder: MakeRecorder) -> None:
    """Every byte comes before its timeout, the reply never does."""
    with _trickling_server() as port:
        recorder = make_recorder(f"redis://127.0.0.1:{port}/0")
        record_each(recorder, "p", "m")

        assert _longest_flush(recorder) < LIMIT_SECONDS + SLACK_SECONDS
        assert recorder.stats()["last_error"] == "timed out"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_that_hangs_between_two_steps_is_given_up(
    make_recorder: MakeRecorder, redis_server: RedisServer, host: str
) -> None:
    """A flush takes several round trips; the limit is for all of them, and what they carried is counted once."""
    recorder = make_recorder(f"redis://{host}:{redis_server.port}/0")
    record_each(recorder, "p", "m")
    assert recorder.flush()
    redis_server.pause()
    record_each(recorder, "p", "m", "n")

    assert _longest_flush(recorder) < LIMIT_SECONDS + SLACK_SECONDS

    redis_server.resume()
    recorder.flush()
    assert recorder.flush()
    with redis_server.client() as client:
        assert (total(client, "p"), total(client, "p", "n")) == (3, 1)
