"""Tests of restoring what a server lost after it was acknowledged."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import redis

from tests.support.proxy import FaultProxy
from tests.support.redis_server import RedisServer
from tests.support.writer_bench import COUNTS, GROUP, GUARD_KEY, WriterBench, payload, writer_bench
from tokenpulse.batches.numbered_batch import Batch, Group
from tokenpulse.writing.redis_writer import GUARD_MAY_BE_SWEPT_SECONDS, RedisWriter
from tokenpulse.writing.replay_ring import RING_BYTES, RING_SECONDS


@pytest.fixture
def bench(redis_url: str) -> Iterator[WriterBench]:
    """Give a writer to the shared Redis."""
    with writer_bench(redis_url) as bench:
        yield bench


class _ForgetfulWriter(RedisWriter):
    """Have Redis lose everything between the first and the second batch of a replay."""

    is_next_lost = False

    def _apply(self, batches: Sequence[Batch], meanwhile: Callable[[], None] | None = None) -> list[Any]:
        replies = super()._apply(batches, meanwhile)
        if self.is_next_lost and replies[0][0] == b"OK":
            self.is_next_lost = False
            self.client.flushdb()
        return replies


def test_lost_acknowledged_batches_are_replayed(bench: WriterBench) -> None:
    """After the server lost everything, the ring restores what was acknowledged, then the batch applies."""
    bench.send(1, 10, 100)
    bench.look.flushdb()
    bench.send(1000)

    assert bench.count() == 1111
    assert bench.guard.counts() == {"gaps": 1, "replayed": 3}

    bench.send(10_000)

    assert bench.count() == 11_111


def test_only_what_is_missing_is_replayed(bench: WriterBench) -> None:
    """A server that went back to an older state gets the batches after it, no others; other groups neither."""
    bench.send(1, 10)
    older = bench.look.dump(COUNTS), bench.look.dump(GUARD_KEY)
    bench.enqueue(payload(7, "counts:{g}"), Group("gateway", "g"), "guard:{g}")
    bench.push()
    bench.send(100, 1000)
    bench.look.restore(COUNTS, 0, older[0], replace=True)
    bench.look.restore(GUARD_KEY, 0, older[1], replace=True)
    bench.send(10_000)

    assert bench.count() == 11_111
    assert bench.count("counts:{g}") == 7
    assert bench.guard.counts() == {"gaps": 1, "replayed": 2}


def test_what_fell_out_of_the_ring_by_size_is_counted(bench: WriterBench) -> None:
    """The ring holds a bounded number of bytes; the batches it no longer has are counted as lost."""
    padding = b"\0" + random.Random(1).randbytes(RING_BYTES // 3)  # does not compress
    for amount in (1, 10, 100, 1000):
        bench.enqueue(payload(amount) + padding)
        bench.push()
    bench.look.flushdb()
    bench.send(10_000)

    assert bench.count() == 11_100
    assert bench.guard.counts() == {
        "gaps": 1,
        "replayed": 2,
        "unrecoverable": 2,
        "unrecoverable_observations": 2,
    }


def test_a_long_outage_does_not_empty_the_ring(bench: WriterBench) -> None:
    """The ring ages by what is acknowledged, so what was acknowledged before an outage can be replayed after it."""
    bench.send(1, 10)
    bench.clock.advance(10 * RING_SECONDS)
    bench.look.flushdb()
    bench.send(100)

    assert bench.count() == 111
    assert bench.guard.counts() == {"gaps": 1, "replayed": 2}


def test_groups_without_traffic_are_restored_as_well(bench: WriterBench) -> None:
    """When one group shows that the server lost batches, the others are asked too, with an empty batch."""
    bench.enqueue(payload(7, "counts:{g}"), Group("gateway", "g"), "guard:{g}")
    bench.push()
    bench.send(1)
    bench.look.flushdb()
    bench.send(10)

    assert [group.name for group in bench.writer.in_flight] == ["g"]
    assert bench.push() == [("g", 2)]
    assert (bench.count(), bench.count("counts:{g}")) == (11, 7)
    assert bench.guard.counts() == {"gaps": 2, "replayed": 2}


def test_groups_in_flight_are_not_asked_twice(bench: WriterBench) -> None:
    """A group whose own batch shows the loss needs no empty one."""
    other = Group("gateway", "g")
    bench.enqueue(payload(7, "counts:{g}"), other, "guard:{g}")
    bench.push()
    bench.send(1)
    bench.look.flushdb()
    bench.enqueue(payload(70, "counts:{g}"), other, "guard:{g}")
    bench.enqueue(payload(10))

    assert sorted(bench.push()) == [("g", 2), ("p", 2)]
    assert (bench.count(), bench.count("counts:{g}")) == (11, 77)


def test_a_loss_is_counted_in_observations_as_far_back_as_sizes_are_kept(
    bench: WriterBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sizes of old batches are forgotten; batches are counted however old."""
    monkeypatch.setattr("tokenpulse.writing.loss_account.SIZES_KEPT", 2)
    monkeypatch.setattr("tokenpulse.writing.replay_ring.RING_BYTES", 0)
    bench.send(1, 2, 3, 4, 5)
    bench.look.flushdb()
    bench.send(6)

    assert bench.count() == 6
    assert bench.guard.counts()["unrecoverable"] == 5
    assert bench.guard.counts()["unrecoverable_observations"] == 3


def test_what_fell_out_of_the_ring_by_age_is_counted(bench: WriterBench) -> None:
    """The ring holds a bounded time; the batches it no longer has are counted as lost."""
    bench.send(1)
    bench.clock.advance(RING_SECONDS)
    bench.send(10)
    bench.clock.advance(0.5)
    bench.send(100)
    bench.look.flushdb()
    bench.send(1000)

    assert bench.count() == 1110
    assert bench.guard.counts() == {
        "gaps": 1,
        "replayed": 2,
        "unrecoverable": 1,
        "unrecoverable_observations": 1,
    }


def test_what_was_there_at_an_earlier_loss_is_counted_at_the_next(bench: WriterBench) -> None:
    """Redis loses the end of what it had, then all of it: each batch that is past replay counts as lost once."""
    bench.send(1, 10)
    older = bench.look.dump(COUNTS), bench.look.dump(GUARD_KEY)
    bench.send(100)
    bench.clock.advance(RING_SECONDS + 1)
    bench.send(1000)
    bench.look.restore(COUNTS, 0, older[0], replace=True)
    bench.look.restore(GUARD_KEY, 0, older[1], replace=True)
    bench.send(10_000)

    assert bench.count() == 11_011
    assert bench.guard.counts() == {
        "gaps": 1,
        "replayed": 1,
        "unrecoverable": 1,
        "unrecoverable_observations": 1,
    }

    bench.look.flushdb()
    bench.send(100_000)

    assert bench.count() == 111_000
    assert bench.guard.counts() == {
        "gaps": 2,
        "replayed": 3,
        "unrecoverable": 3,
        "unrecoverable_observations": 3,
    }


def test_a_guard_swept_while_the_writer_was_idle_is_no_loss(bench: WriterBench) -> None:
    """Redis forgets the guards of idle writers: that is neither a gap nor lost batches."""
    bench.send(1, 10)
    bench.clock.advance(GUARD_MAY_BE_SWEPT_SECONDS)
    bench.look.delete(GUARD_KEY)
    bench.send(100)

    assert bench.count() == 111
    counts = bench.guard.counts()
    assert "unrecoverable" not in counts
    assert "gaps" not in counts


def test_a_gap_while_redis_takes_no_writes_is_bridged_later(redis_server: RedisServer) -> None:
    """A replay that Redis refuses leaves the batch in flight; the next push starts over, exactly."""
    with writer_bench(redis_server.url) as bench:
        bench.send(1, 10)
        bench.look.flushdb()
        bench.look.config_set("maxmemory", 1)
        bench.enqueue(payload(100))

        assert bench.push() == []
        assert list(bench.writer.in_flight) == [GROUP]

        bench.look.config_set("maxmemory", 0)

        assert bench.push() == [("p", 3)]
        assert bench.count() == 111


def test_a_connection_lost_in_a_replay_takes_nothing_back(redis_server: RedisServer) -> None:
    """What was acknowledged in the same round trip is done; the group that is replayed goes on with the next push."""
    other, other_guard, other_counts = Group("provider", "q"), "guard:{q}", "counts:{q}"
    with FaultProxy(redis_server.port) as proxy, writer_bench(proxy.url, redis_server.url) as bench:
        bench.enqueue(payload(1))
        bench.enqueue(payload(77, other_counts), other, other_guard)
        assert bench.push() == [("p", 1), ("q", 1)]
        bench.look.delete(other_guard, other_counts)
        bench.enqueue(payload(10))
        bench.enqueue(payload(100, other_counts), other, other_guard)
        proxy.drop_reply_to(b'{"n":77}')

        assert bench.push() == [("p", 2)]
        assert bench.writer.partial_error == "connection lost"
        assert bench.push() == [("q", 2), ("p", 3)]
        assert (bench.count(), bench.count(other_counts)) == (11, 177)


def test_a_loss_is_counted_though_its_replay_was_not_answered(redis_server: RedisServer) -> None:
    """The first batch after the loss arrives, its reply does not: the next reply tells that the rest is gone."""
    with FaultProxy(redis_server.port) as proxy, writer_bench(proxy.url, redis_server.url) as bench:
        bench.send(1, 2, 3)
        bench.clock.advance(RING_SECONDS + 1)
        bench.send(4, 5)
        bench.look.flushdb()
        bench.enqueue(payload(100))
        proxy.drop_reply_to(b'{"n":4}')
        with pytest.raises(redis.ConnectionError):
            bench.push()

        assert bench.guard.counts() == {"gaps": 1}
        assert bench.push() == [("p", 6)]
        assert bench.count() == 109
        counts = bench.guard.counts()
        assert (counts["unrecoverable"], counts["unrecoverable_observations"]) == (3, 3)


def test_a_gap_within_a_replay_starts_over(redis_url: str) -> None:
    """When the server loses the replayed batches as well, the next push replays them all again."""
    with writer_bench(redis_url) as bench:
        bench.writer = writer = _ForgetfulWriter(bench.client, bench.guard)
        bench.send(1, 10)
        bench.look.flushdb()
        writer.is_next_lost = True
        bench.enqueue(payload(100))

        assert bench.push() == []
        assert bench.push() == [("p", 3)]
        assert bench.count() == 111
