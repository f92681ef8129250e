"""Tests of two writers under one id: processes restored from one snapshot of memory, deployments under one prefix."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import redis

from tests.support.proxy import FaultProxy
from tests.support.redis_server import RedisServer
from tests.support.writer_bench import GROUP, WriterBench, payload, writer_bench
from tests.support.written import total
from tokenpulse.batches.numbered_batch import Group
from tokenpulse.batches.operations import NO_OPERATIONS
from tokenpulse.recorder import Recorder


@pytest.fixture
def twins(redis_url: str) -> Iterator[tuple[WriterBench, WriterBench]]:
    """Give two writers that are copies of one after three batches."""
    with ExitStack() as stack:
        one, other = (stack.enter_context(writer_bench(redis_url)) for _ in range(2))
        one.send(1, 1, 1)
        other.writer.writer_id = one.writer.writer_id
        other.writer._acknowledged = dict(one.writer._acknowledged)
        other.writer._acknowledged_at = dict(one.writer._acknowledged_at)
        other.writer._ring = one.writer._ring.copy()
        yield one, other


def test_copies_of_a_process_lose_nothing(twins: tuple[WriterBench, WriterBench]) -> None:
    """The one whose batch is answered as applied before it was ever sent takes a new id, and sends it again."""
    one, other = twins
    one.send(10, 10)
    other.enqueue(payload(100))
    other.enqueue(payload(1000), Group("gateway", "g"), "guard:{g}")

    assert other.push() == [("g", 1)]
    assert other.writer.writer_id != one.writer.writer_id
    assert other.guard.counts() == {"fault:writer_id_shared": 1}

    assert other.push() == [("p", 1)]
    one.send(10)
    other.send(100)

    assert one.count() == 3 + 30 + 1200
    assert one.guard.counts() == {}


def test_copies_by_turns_lose_nothing(twins: tuple[WriterBench, WriterBench]) -> None:
    """Whoever comes second notices at its first batch, however their turns fall."""
    one, other = twins
    expected = 3
    for turn in range(1, 7):
        for bench in twins:
            bench.enqueue(payload(turn))
            bench.push() or bench.push()
            expected += turn

    assert one.count() == expected
    assert one.writer.in_flight == other.writer.in_flight == {}
    assert len({one.writer.writer_id, other.writer.writer_id}) == 2


def test_an_empty_batch_finds_it_as_well(twins: tuple[WriterBench, WriterBench]) -> None:
    """A batch that only looks back is numbered like any other."""
    one, other = twins
    one.send(10)
    other.enqueue(NO_OPERATIONS)

    assert other.push() == []
    assert other.push() == [("p", 1)]
    assert one.count() == 13


def test_a_lost_reply_is_no_shared_id(redis_server: RedisServer) -> None:
    """A batch that may have been sent before is a duplicate, and the id is kept."""
    with FaultProxy(redis_server.port) as proxy, writer_bench(proxy.url, redis_server.url) as bench:
        bench.send(1)
        kept = bench.writer.writer_id
        proxy.drop_reply_to(b'"increments"')
        bench.enqueue(payload(10))
        with pytest.raises(redis.ConnectionError):
            bench.push()

        assert bench.push() == [("p", 2)]
        assert (bench.count(), bench.writer.writer_id) == (11, kept)
        assert bench.guard.counts() == {"duplicates": 1}
        assert GROUP not in bench.writer.in_flight


def test_two_deployments_under_one_prefix_add_up(redis_url: str, redis_client: redis.Redis) -> None:
    """Apps that know nothing of each other share the series, exactly; each process has an id of its own."""
    with ExitStack() as stack:
        recorders = [Recorder(redis_url, app_name=name) for name in ("one", "two", "two")]
        for recorder in recorders:
            stack.callback(recorder._client.close)
            recorder._started = True
        for turn in range(5):
            for recorder in recorders:
                for _ in range(turn + 1):
                    recorder.record(provider="p", model="m")
                assert recorder.flush()

        assert total(redis_client, "p") == total(redis_client, "p", "m") == 3 * 15
        assert len({recorder._pipeline.writer.writer_id for recorder in recorders}) == 3
