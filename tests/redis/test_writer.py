"""Tests of applying batches exactly once, against a real redis-server."""

from collections.abc import Iterator

import pytest
import redis

from tests.support.chaos_proxy import ChaosProxy, Fault
from tests.support.proxy import FaultProxy
from tests.support.redis_server import RedisServer
from tests.support.writer_bench import COUNTS, GROUP, GUARD_KEY, WriterBench, payload, writer_bench
from tokenpulse.batches.numbered_batch import Group
from tokenpulse.writing.redis_writer import APPLY
from tokenpulse.writing.script_call import Script


@pytest.fixture
def bench(redis_url: str) -> Iterator[WriterBench]:
    """Give a writer to the shared Redis."""
    with writer_bench(redis_url) as bench:
        yield bench


def test_batches_apply_in_sequence(bench: WriterBench) -> None:
    """Each batch counts once, moves the guard on by one, and tells Redis's time."""
    bench.send(1, 10)
    bench.enqueue(payload(100))
    done = bench.push()

    assert done == [("p", 3)]
    assert bench.count() == 111
    assert bench.guard.counts() == {}
    assert bench.writer.in_flight == {}
    seconds, microseconds = bench.look.time()
    assert bench.writer.server_time == pytest.approx(seconds + microseconds / 1e6, abs=5)
    guard_field = bench.look.hget(GUARD_KEY, f"writer:{bench.writer.writer_id}")
    assert isinstance(guard_field, bytes)
    assert guard_field.startswith(b"3:")
    assert 0 < bench.look.ttl(COUNTS) <= 3600


def test_groups_travel_together_and_are_numbered_apart(bench: WriterBench) -> None:
    """One push applies every group's batch; sequences belong to groups."""
    other = Group("gateway", "g")
    bench.send(1)
    bench.enqueue()
    bench.enqueue(payload(7, "counts:{g}"), other, "guard:{g}")

    assert bench.push() == [("p", 2), ("g", 1)]
    assert (bench.count(), bench.count("counts:{g}")) == (2, 7)


def test_a_batch_applied_before_is_a_duplicate(bench: WriterBench) -> None:
    """A batch sent before that Redis has already is acknowledged without being applied again."""
    bench.enqueue(payload(5))
    bench.writer._tried.add(GROUP)  # its reply was lost
    batch = bench.writer.in_flight[GROUP]
    arguments = (bench.writer.writer_id, 0, 1, 100, batch.payload)
    APPLY.call(bench.look, GUARD_KEY, *arguments)

    assert bench.push() == [("p", 1)]
    assert bench.count() == 5
    assert bench.guard.counts() == {"duplicates": 1}

    bench.send(3)

    assert bench.count() == 8


def test_a_lost_reply_counts_once(redis_server: RedisServer) -> None:
    """When the reply is cut off after Redis applied the batch, sending it again changes nothing."""
    with FaultProxy(redis_server.port) as proxy, writer_bench(proxy.url, redis_server.url) as bench:
        bench.send(1)
        proxy.drop_reply_to(b'"increments"')
        bench.enqueue(payload(10))
        with pytest.raises(redis.ConnectionError):
            bench.push()

        assert proxy.cuts == 1
        assert bench.count() == 11
        assert list(bench.writer.in_flight) == [GROUP]
        assert bench.push() == [("p", 2)]
        assert bench.count() == 11
        assert bench.guard.counts() == {"duplicates": 1}


@pytest.mark.parametrize("fault", ["cut_request", "half_request"])
def test_a_lost_request_is_sent_again(redis_server: RedisServer, fault: Fault) -> None:
    """Of a batch that did not arrive, or not whole, nothing is applied; the next attempt applies all of it."""
    with ChaosProxy(redis_server.port) as proxy, writer_bench(proxy.url, redis_server.url) as bench:
        bench.send(1)
        proxy.plan.break_next(fault)
        bench.enqueue(payload(10))
        with pytest.raises(redis.ConnectionError):
            bench.push()

        assert proxy.plan.done == {fault: 1}
        assert bench.count() == 1
        assert list(bench.writer.in_flight) == [GROUP]
        assert bench.push() == [("p", 2)]
        assert bench.count() == 11
        assert bench.guard.counts() == {}


def test_a_stray_reply_is_nobody_s(redis_server: RedisServer) -> None:
    """Replies that stand one place off are refused as a whole, on a new connection the batch is found applied."""
    with ChaosProxy(redis_server.port) as proxy, writer_bench(proxy.url, redis_server.url) as bench:
        bench.send(1)
        proxy.plan.break_next("stray_reply")
        bench.enqueue(payload(10))
        with pytest.raises(redis.exceptions.InvalidResponse, match="not this batch's"):
            bench.push()

        assert list(bench.writer.in_flight) == [GROUP]
        assert bench.push() == [("p", 2)]
        assert bench.count() == 11
        assert bench.guard.counts() == {"duplicates": 1}


def test_two_writers_add_up(redis_url: str) -> None:
    """Writers keep guards of their own beside each other; every increment of both counts."""
    with writer_bench(redis_url) as one, writer_bench(redis_url) as other:
        for amount in range(1, 11):
            one.send(amount)
            other.send(100 * amount)

        assert one.count() == 55 * 101
        assert one.guard.counts() == other.guard.counts() == {}


def test_a_forgotten_script_is_sent_again(bench: WriterBench) -> None:
    """After SCRIPT FLUSH the batch applies once, by the script's text."""
    bench.send(1)
    bench.look.script_flush()
    bench.send(10)

    assert bench.count() == 11
    assert bench.guard.counts() == {}


@pytest.mark.parametrize("state", ["out of memory", "read-only"])
def test_a_server_that_refuses_writes_gets_the_batch_later(redis_server: RedisServer, state: str) -> None:
    """Nothing is applied, nothing is lost; what became a replica is connected to anew: the master may be another."""
    with writer_bench(redis_server.url) as bench:
        bench.send(1)
        if state == "out of memory":
            bench.look.config_set("maxmemory", 1)
        else:
            bench.look.replicaof("127.0.0.1", "1")
        bench.enqueue(payload(10))
        connection_id = bench.client.client_id()
        for _ in range(3):
            with pytest.raises(redis.ResponseError):
                bench.push()

        assert bench.count() == 1
        assert (bench.client.client_id() > connection_id) == (state == "read-only")

        bench.look.config_set("maxmemory", 0)
        bench.look.replicaof("NO", "ONE")

        assert bench.push() == [("p", 2)]
        assert bench.count() == 11
        assert bench.guard.counts() == {}


def test_a_script_that_fails_raises(redis_client: redis.Redis) -> None:
    """A single call raises what the server answered."""
    redis_client.set("index", "mine")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        Script("transition").call(redis_client, "index", 0, 60, "state", "OPEN")
