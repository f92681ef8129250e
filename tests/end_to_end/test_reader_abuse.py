"""Clients that ask too much, too often, too slowly: the reader of the command line, over raw sockets."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

import pytest
import redis

from tests.support.processes import RunningProcess, wait_until
from tests.support.redis_server import RedisServer
from tokenpulse.recorder import Recorder
from tokenpulse_reader.http.request_limits import MAX_BODY_BYTES

TOKEN = "s3cret"
SCRAPES = 1000
DEADLINE_SECONDS = 60.0
GET_METRICS = b"GET /metrics HTTP/1.1\r\nhost: t\r\nauthorization: Bearer s3cret\r\nconnection: close\r\n\r\n"


class Reader(NamedTuple):
    """A reader in a process of its own."""

    process: RunningProcess
    port: int


@contextmanager
def running_reader(url: str, **settings: str) -> Iterator[Reader]:
    """Give `tokenpulse reader` on a free port, once it listens."""
    flags = [word for name, value in settings.items() for word in (f"--{name.replace('_', '-')}", value)]
    arguments = ("tokenpulse_reader.cli", "reader", "--redis-url", url, "--port", "0", "--api-token", TOKEN)
    with RunningProcess(*arguments, *flags) as process:
        yield Reader(process, int(process.wait_for_line("http://").rpartition(":")[2]))


def write(url: str, models: int) -> None:
    """Record one call each of that many models."""
    with closing(Recorder(redis_url=url)) as recorder:
        for at in range(models):
            recorder.record(provider=f"p{at // 100}", model=f"model-{at}", latency_ms=250.0, cost=0.5)
        wait_until(recorder.flush, "it is all in Redis")


async def answer_to(port: int, request: bytes) -> bytes:
    """Return everything that the server says."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
    return answer


@pytest.fixture(scope="module")
def served_redis(module_redis_server: RedisServer) -> str:
    write(module_redis_server.url, 20)
    return module_redis_server.url


@pytest.fixture(scope="module")
def reader(served_redis: str) -> Iterator[Reader]:
    """Give a reader that loads one snapshot, then none for a minute."""
    with running_reader(served_redis, snapshot_interval="60") as running:
        yield running


@pytest.fixture
async def scrape(reader: Reader) -> bytes:
    """Give one scrape's body, after the first snapshot."""
    head, _, body = (await answer_to(reader.port, GET_METRICS)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    return body


async def test_a_thousand_scrapes_at_once_ask_redis_nothing(
    reader: Reader, scrape: bytes, served_redis: str
) -> None:
    """All get the bytes of the one snapshot; Redis hears of none."""
    with redis.Redis.from_url(served_redis, protocol=2) as client:
        before = client.info("stats")["total_commands_processed"]
        answers = await asyncio.gather(*(answer_to(reader.port, GET_METRICS) for _ in range(SCRAPES)))
        commands = client.info("stats")["total_commands_processed"] - before

    assert {answer.partition(b"\r\n\r\n")[2] for answer in answers} == {scrape}
    assert (
        commands < 50
    )  # what the reader does by itself meanwhile; a load is about that, for each scrape 50,000


@pytest.mark.parametrize("path", [b"/metrics", b"/api/metrics/chat", b"/nothing"])
@pytest.mark.parametrize("with_token", [True, False])
async def test_a_gigabyte_in_chunks_is_not_taken(reader: Reader, path: bytes, with_token: bool) -> None:
    """Whatever the path, with the token or without: refused, and the connection ends long before the end."""
    authorization = b"authorization: Bearer s3cret\r\n" if with_token else b""
    head = (
        b"POST " + path + b" HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n" + authorization + b"\r\n"
    )
    chunk = b"%x\r\n%s\r\n" % (MAX_BODY_BYTES, b"x" * MAX_BODY_BYTES)
    sent = 0
    async with asyncio.timeout(DEADLINE_SECONDS):
        incoming, outgoing = await asyncio.open_connection("127.0.0.1", reader.port)
        outgoing.write(head)
        with contextlib.suppress(ConnectionError):
            while sent < 1 << 30:
                outgoing.write(chunk)
                await outgoing.drain()
                sent += len(chunk)
        answer = b""
        with contextlib.suppress(ConnectionError):
            answer = await incoming.read(100)
        outgoing.close()

    assert sent < 1 << 28
    assert answer[9:12] in ((b"413", b"404", b"405", b"") if with_token else (b"401", b""))


async def test_a_large_announced_body_is_answered(reader: Reader) -> None:
    """A client that sends 2 MB and then reads gets to see the 413."""
    body = b"x" * (2 << 20)
    head = b"POST /metrics HTTP/1.1\r\nhost: t\r\ncontent-length: %d\r\n" % len(body)
    answer = await answer_to(reader.port, head + b"authorization: Bearer s3cret\r\n\r\n" + body)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"body_too_large"' in answer
    assert b"connection: close" in answer


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"/metrics?" + b"&".join(b"name[]=%d" % at for at in range(10_000)), b"400"),
        (b"/metrics?" + b"&".join(b"name[]=%d" % at for at in range(2_000)), b"414"),
        (b"/metrics?" + b"&".join(b"name[]=%d" % at for at in range(1_000)), b"200"),
        (b"/api/monitoring/stats/realtime?hours=" + b"9" * 9_000, b"400"),
        (b"/api/monitoring/stats/realtime?" + b"&".join(b"a=%d" % at for at in range(1_000)), b"400"),
        (b"/api/monitoring/health/" + b"%25" * 3_000, b"404"),
        (b"/api/monitoring/latency/p/" + b"/" * 9_000, b"404"),
    ],
)
async def test_long_targets_are_refused_or_answered(reader: Reader, target: bytes, status: bytes) -> None:
    """Never a 500, never work in proportion."""
    request = GET_METRICS.replace(b"/metrics", target, 1)

    assert (await answer_to(reader.port, request))[9:12] == status


async def test_a_stop_waits_for_open_scrapes(served_redis: str) -> None:
    """SIGTERM: what is being sent is sent whole, live streams end, then the exit code is 0."""
    write(served_redis, 600)
    with running_reader(served_redis) as running:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        with connection:
            await asyncio.to_thread(connection.connect, ("127.0.0.1", running.port))
            slow, writer = await asyncio.open_connection(sock=connection, limit=1024)
            live, live_writer = await asyncio.open_connection("127.0.0.1", running.port)
            live_writer.write(GET_METRICS.replace(b"/metrics", b"/api/live", 1))
            await live.readuntil(b"event: snapshot")
            writer.write(GET_METRICS)
            head = await slow.readuntil(b"\r\n\r\n")
            running.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(DEADLINE_SECONDS):
                streamed = await live.read()
                body = await slow.read()
            writer.close()
            live_writer.close()
        code = await asyncio.to_thread(running.process.wait)
    (length,) = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: ")]

    assert len(body) == int(length.split()[1]) > 1_000_000
    assert streamed.endswith(b"0\r\n\r\n")
    assert code == 0
    assert "Traceback" not in running.process.output
