"""Replies that come in crumbs, behind a push, in another order, or twice: none is taken for what it is not."""

import contextlib
from collections.abc import Iterator, Sequence

import pytest
import redis
from redis._parsers import _AsyncHiredisParser, _AsyncRESP2Parser, _HiredisParser, _RESP2Parser

from tests.support.redis_server import RedisServer
from tests.support.reply_proxy import ReplyProxy
from tests.support.writer_bench import WriterBench, payload, writer_bench
from tokenpulse.batches.numbered_batch import Group
from tokenpulse_shared.redis_client import connect_async

PUSH = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"
"""As RESP3 puts it between replies."""
OTHER = Group("gateway", "g")


@pytest.fixture
def proxy(module_redis_server: RedisServer) -> Iterator[ReplyProxy]:
    """Give a proxy to an empty server."""
    if not module_redis_server.is_running:
        module_redis_server.start()
    with module_redis_server.client() as client:
        client.flushall()
    with ReplyProxy(module_redis_server.port) as proxy:
        yield proxy


@pytest.fixture(params=[_RESP2Parser, _HiredisParser], ids=["python", "hiredis"])
def bench(
    request: pytest.FixtureRequest, proxy: ReplyProxy, module_redis_server: RedisServer
) -> Iterator[WriterBench]:
    """Give a writer that reads with either of the driver's parsers."""
    with writer_bench(proxy.url, module_redis_server.url) as bench:
        bench.client.connection_pool.connection_kwargs["parser_class"] = request.param
        bench.send(1)
        yield bench


def _parser_of(bench: WriterBench) -> object:
    return bench.client.connection_pool.connection_kwargs["parser_class"]


def _swapped(reply: bytes) -> Sequence[bytes]:
    first, second = reply.removeprefix(b"*6\r\n").split(b"*6\r\n")
    return [b"*6\r\n" + second + b"*6\r\n" + first]


def test_a_reply_in_crumbs_is_put_together(bench: WriterBench, proxy: ReplyProxy) -> None:
    """Byte by byte it is what it is at once."""
    proxy.tell_next(lambda reply: [reply[at : at + 1] for at in range(len(reply))])
    bench.send(10)

    assert bench.count() == 11
    assert bench.guard.counts() == {}


def test_a_push_is_no_reply(bench: WriterBench, proxy: ReplyProxy) -> None:
    """We never ask for any: one parser passes it over, the other leaves the connection, and the batch is found applied."""
    proxy.tell_next(lambda reply: [PUSH + reply])
    bench.enqueue(payload(10))
    with contextlib.suppress(redis.exceptions.InvalidResponse):
        bench.push()
    is_passed_over = bench.writer.in_flight == {}

    assert is_passed_over == (_parser_of(bench) is _HiredisParser)
    assert bench.push() == ([] if is_passed_over else [("p", 2)])
    assert bench.count() == 11
    assert bench.guard.counts() == ({} if is_passed_over else {"duplicates": 1})


def test_replies_in_another_order_are_refused(bench: WriterBench, proxy: ReplyProxy) -> None:
    """Each names its group: neither batch is taken for applied by the other's reply."""
    proxy.tell_next(_swapped)
    bench.enqueue(payload(10))
    bench.enqueue(payload(7, "counts:{g}"), OTHER, "guard:{g}")
    with pytest.raises(redis.exceptions.InvalidResponse, match="not this batch's"):
        bench.push()

    assert bench.push() == [("p", 2), ("g", 1)]
    assert (bench.count(), bench.count("counts:{g}")) == (11, 7)
    assert bench.guard.counts() == {"duplicates": 2}


def test_the_reply_to_an_earlier_batch_is_refused(bench: WriterBench, proxy: ReplyProxy) -> None:
    """It comes once more, in the place of that to a batch of the same group, which was lost: that one is sent again."""
    told: list[bytes] = []

    def noted(reply: bytes) -> Sequence[bytes]:
        told.append(reply)
        return [reply]

    proxy.tell_next(noted)
    bench.send(10)
    proxy.swallow_next(told[0])
    bench.enqueue(payload(100))
    with pytest.raises(redis.exceptions.InvalidResponse, match="not this batch's"):
        bench.push()

    assert bench.push() == [("p", 3)]
    assert bench.count() == 111
    assert bench.guard.counts() == {}


@pytest.mark.parametrize("parser", [_AsyncRESP2Parser, _AsyncHiredisParser], ids=["python", "hiredis"])
async def test_a_reader_takes_no_push_for_a_reply(proxy: ReplyProxy, parser: type) -> None:
    """One parser passes it over, with the other what was asked for comes on a new connection."""
    async with connect_async(proxy.url) as client:
        client.connection_pool.connection_kwargs["parser_class"] = parser
        await client.set("k", "v")
        proxy.tell_next(lambda reply: [PUSH + reply])
        if parser is _AsyncRESP2Parser:
            with pytest.raises(redis.exceptions.InvalidResponse):
                await client.get("k")

        assert await client.get("k") == b"v"
        assert await client.get("none") is None
