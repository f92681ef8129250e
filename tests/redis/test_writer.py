"""Tests of applying batches exactly once, against a real redis-server."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import redis

from tests.support.clock import FakeClock
from tests.support.proxy import FaultProxy
from tests.support.redis_server import RedisServer
from tokenpulse.batch import Calls, Operations
from tokenpulse.guard import Guard
from tokenpulse.redis_writer import (
    APPLY,
    GUARD_MAY_BE_SWEPT_SECONDS,
    RING_BYTES,
    RING_SECONDS,
    Batch,
    Group,
    RedisWriter,
)
from tokenpulse.script_call import Script
from tokenpulse_shared.redis_client import connect

_GROUP = Group("provider", "p")
_GUARD_KEY = "guard:{p}"
_COUNTS = "counts:{p}"


def _payload(amount: int = 1, key: str = _COUNTS) -> bytes:
    operations = Operations()
    operations.increment(key, 3600, {"n": amount})
    return operations.encode()


class _Bench:
    """Hold a writer with its guard, its clock, and a second client to look with."""

    def __init__(self, url: str, look_url: str | None = None) -> None:
        self.clock = FakeClock()
        self.guard = Guard(self.clock)
        self.client = connect(url)
        self.writer = RedisWriter(self.client, self.guard, self.clock.monotonic)
        self.look = redis.Redis.from_url(look_url or url, protocol=2)

    def enqueue(
        self, payload: bytes | None = None, group: Group = _GROUP, guard_key: str = _GUARD_KEY
    ) -> None:
        self.writer.enqueue(group, guard_key, payload or _payload(), 1)

    def push(self) -> list[tuple[str, int]]:
        return [(batch.group.name, batch.sequence) for batch in self.writer.push()]

    def send(self, *amounts: int) -> None:
        for amount in amounts:
            self.enqueue(_payload(amount))
            assert len(self.push()) == 1

    def count(self, key: str = _COUNTS) -> int:
        return int(self.look.hget(key, "n") or 0)

    def close(self) -> None:
        self.client.close()
        self.look.close()


@contextmanager
def _bench(url: str, look_url: str | None = None) -> Iterator[_Bench]:
    bench = _Bench(url, look_url)
    try:
        yield bench
    finally:
        bench.close()


@pytest.fixture
def bench(redis_url: str) -> Iterator[_Bench]:
    with _bench(redis_url) as bench:
        yield bench


def test_batches_apply_in_sequence(bench: _Bench) -> None:
    """Each batch counts once, moves the guard on by one, and tells Redis's time."""
    bench.send(1, 10)
    bench.enqueue(_payload(100))
    done = bench.push()

    assert done == [("p", 3)]
    assert bench.count() == 111
    assert bench.guard.counts() == {}
    assert bench.writer.in_flight == {}
    seconds, microseconds = bench.look.time()
    assert bench.writer.server_time == pytest.approx(seconds + microseconds / 1e6, abs=5)
    guard_field = bench.look.hget(_GUARD_KEY, f"writer:{bench.writer.writer_id}")
    assert isinstance(guard_field, bytes)
    assert guard_field.startswith(b"3:")
    assert 0 < bench.look.ttl(_COUNTS) <= 3600


def test_groups_travel_together_and_are_numbered_apart(bench: _Bench) -> None:
    """One push applies every group's batch; sequences belong to groups."""
    other = Group("gateway", "g")
    bench.send(1)
    bench.enqueue()
    bench.enqueue(_payload(7, "counts:{g}"), other, "guard:{g}")

    assert bench.push() == [("p", 2), ("g", 1)]
    assert (bench.count(), bench.count("counts:{g}")) == (2, 7)


def test_a_batch_applied_before_is_a_duplicate(bench: _Bench) -> None:
    """A batch that Redis has already is acknowledged without being applied again."""
    bench.enqueue(_payload(5))
    batch = bench.writer.in_flight[_GROUP]
    arguments = (bench.writer.writer_id, 0, 1, 100, batch.payload)
    APPLY.call(bench.look, _GUARD_KEY, *arguments)

    assert bench.push() == [("p", 1)]
    assert bench.count() == 5
    assert bench.guard.counts() == {"duplicates": 1}

    bench.send(3)

    assert bench.count() == 8


def test_a_lost_reply_counts_once(redis_server: RedisServer) -> None:
    """When the reply is cut off after Redis applied the batch, sending it again changes nothing."""
    with FaultProxy(redis_server.port) as proxy, _bench(proxy.url, redis_server.url) as bench:
        bench.send(1)
        proxy.drop_reply_to(b'"increments"')
        bench.enqueue(_payload(10))
        with pytest.raises(redis.ConnectionError):
            bench.push()

        assert proxy.cuts == 1
        assert bench.count() == 11
        assert list(bench.writer.in_flight) == [_GROUP]
        assert bench.push() == [("p", 2)]
        assert bench.count() == 11
        assert bench.guard.counts() == {"duplicates": 1}


def test_lost_acknowledged_batches_are_replayed(bench: _Bench) -> None:
    """After the server lost everything, the ring restores what was acknowledged, then the batch applies."""
    bench.send(1, 10, 100)
    bench.look.flushdb()
    bench.send(1000)

    assert bench.count() == 1111
    assert bench.guard.counts() == {"gaps": 1, "replayed": 3}

    bench.send(10_000)

    assert bench.count() == 11_111


def test_only_what_is_missing_is_replayed(bench: _Bench) -> None:
    """A server that went back to an older state gets the batches after it, no others; other groups neither."""
    bench.send(1, 10)
    older = bench.look.dump(_COUNTS), bench.look.dump(_GUARD_KEY)
    bench.enqueue(_payload(7, "counts:{g}"), Group("gateway", "g"), "guard:{g}")
    bench.push()
    bench.send(100, 1000)
    bench.look.restore(_COUNTS, 0, older[0], replace=True)
    bench.look.restore(_GUARD_KEY, 0, older[1], replace=True)
    bench.send(10_000)

    assert bench.count() == 11_111
    assert bench.count("counts:{g}") == 7
    assert bench.guard.counts() == {"gaps": 1, "replayed": 2}


def test_what_fell_out_of_the_ring_by_size_is_counted(bench: _Bench) -> None:
    """The ring holds a bounded number of bytes; the batches it no longer has are counted as lost."""
    padding = b" " * (RING_BYTES // 3)
    for amount in (1, 10, 100, 1000):
        bench.enqueue(_payload(amount) + padding)
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


def test_a_long_outage_does_not_empty_the_ring(bench: _Bench) -> None:
    """The ring ages by what is acknowledged, so what was acknowledged before an outage can be replayed after it."""
    bench.send(1, 10)
    bench.clock.advance(10 * RING_SECONDS)
    bench.look.flushdb()
    bench.send(100)

    assert bench.count() == 111
    assert bench.guard.counts() == {"gaps": 1, "replayed": 2}


def test_groups_without_traffic_are_restored_as_well(bench: _Bench) -> None:
    """When one group shows that the server lost batches, the others are asked too, with an empty batch."""
    bench.enqueue(_payload(7, "counts:{g}"), Group("gateway", "g"), "guard:{g}")
    bench.push()
    bench.send(1)
    bench.look.flushdb()
    bench.send(10)

    assert [group.name for group in bench.writer.in_flight] == ["g"]
    assert bench.push() == [("g", 2)]
    assert (bench.count(), bench.count("counts:{g}")) == (11, 7)
    assert bench.guard.counts() == {"gaps": 2, "replayed": 2}


def test_groups_in_flight_are_not_asked_twice(bench: _Bench) -> None:
    """A group whose own batch shows the loss needs no empty one."""
    other = Group("gateway", "g")
    bench.enqueue(_payload(7, "counts:{g}"), other, "guard:{g}")
    bench.send(1)
    bench.look.flushdb()
    bench.enqueue(_payload(70, "counts:{g}"), other, "guard:{g}")
    bench.enqueue(_payload(10))

    assert sorted(bench.push()) == [("g", 2), ("p", 2)]
    assert (bench.count(), bench.count("counts:{g}")) == (11, 77)


def test_a_loss_is_counted_in_observations_as_far_back_as_sizes_are_kept(
    bench: _Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sizes of old batches are forgotten; batches are counted however old."""
    monkeypatch.setattr("tokenpulse.redis_writer.SIZES_KEPT", 2)
    monkeypatch.setattr("tokenpulse.redis_writer.RING_BYTES", 0)
    bench.send(1, 2, 3, 4, 5)
    bench.look.flushdb()
    bench.send(6)

    assert bench.count() == 6
    assert bench.guard.counts()["unrecoverable"] == 5
    assert bench.guard.counts()["unrecoverable_observations"] == 3


def test_what_fell_out_of_the_ring_by_age_is_counted(bench: _Bench) -> None:
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


def test_a_guard_swept_while_the_writer_was_idle_is_no_loss(bench: _Bench) -> None:
    """Redis forgets the guards of idle writers: that is neither a gap nor lost batches."""
    bench.send(1, 10)
    bench.clock.advance(GUARD_MAY_BE_SWEPT_SECONDS)
    bench.look.delete(_GUARD_KEY)
    bench.send(100)

    assert bench.count() == 111
    counts = bench.guard.counts()
    assert "unrecoverable" not in counts
    assert "gaps" not in counts


def test_a_gap_while_redis_takes_no_writes_is_bridged_later(redis_server: RedisServer) -> None:
    """A replay that Redis refuses leaves the batch in flight; the next push starts over, exactly."""
    with _bench(redis_server.url) as bench:
        bench.send(1, 10)
        bench.look.flushdb()
        bench.look.config_set("maxmemory", 1)
        bench.enqueue(_payload(100))

        assert bench.push() == []
        assert list(bench.writer.in_flight) == [_GROUP]

        bench.look.config_set("maxmemory", 0)

        assert bench.push() == [("p", 3)]
        assert bench.count() == 111


class _ForgetfulWriter(RedisWriter):
    """Have Redis lose everything between the first and the second batch of a replay."""

    is_next_lost = False

    def _apply(self, batches: Sequence[Batch]) -> list[Any]:
        replies = super()._apply(batches)
        if self.is_next_lost and replies[0][0] == b"OK":
            self.is_next_lost = False
            self.client.flushdb()
        return replies


def test_a_gap_within_a_replay_starts_over(redis_url: str) -> None:
    """When the server loses the replayed batches as well, the next push replays them all again."""
    with _bench(redis_url) as bench:
        bench.writer = writer = _ForgetfulWriter(bench.client, bench.guard)
        bench.send(1, 10)
        bench.look.flushdb()
        writer.is_next_lost = True
        bench.enqueue(_payload(100))

        assert bench.push() == []
        assert bench.push() == [("p", 3)]
        assert bench.count() == 111


def test_two_writers_add_up(redis_url: str) -> None:
    """Writers keep guards of their own beside each other; every increment of both counts."""
    with _bench(redis_url) as one, _bench(redis_url) as other:
        for amount in range(1, 11):
            one.send(amount)
            other.send(100 * amount)

        assert one.count() == 55 * 101
        assert one.guard.counts() == other.guard.counts() == {}


def test_a_forgotten_script_is_sent_again(bench: _Bench) -> None:
    """After SCRIPT FLUSH the batch applies once, by the script's text."""
    bench.send(1)
    bench.look.script_flush()
    bench.send(10)

    assert bench.count() == 11
    assert bench.guard.counts() == {}


@pytest.mark.parametrize("state", ["out of memory", "read-only"])
def test_a_server_that_refuses_writes_gets_the_batch_later(redis_server: RedisServer, state: str) -> None:
    """Out of memory or demoted to a replica: nothing is applied, nothing is lost, connections are made anew."""
    with _bench(redis_server.url) as bench:
        bench.send(1)
        if state == "out of memory":
            bench.look.config_set("maxmemory", 1)
        else:
            bench.look.replicaof("127.0.0.1", "1")
        bench.enqueue(_payload(10))
        connection_id = bench.client.client_id()
        for _ in range(3):
            with pytest.raises(redis.ResponseError):
                bench.push()

        assert bench.count() == 1
        assert bench.client.client_id() > connection_id

        bench.look.config_set("maxmemory", 0)
        bench.look.replicaof("NO", "ONE")

        assert bench.push() == [("p", 2)]
        assert bench.count() == 11
        assert bench.guard.counts() == {}


def test_a_refused_group_holds_nobody_else_up(bench: _Bench, caplog: pytest.LogCaptureFixture) -> None:
    """A guard key of a wrong type keeps its own group waiting, counted and logged; it applies after repair."""
    bench.look.set(_GUARD_KEY, "mine")
    bench.enqueue(_payload(10))
    bench.enqueue(_payload(7, "counts:{g}"), Group("gateway", "g"), "guard:{g}")

    assert bench.push() == [("g", 1)]
    assert (bench.count(), bench.count("counts:{g}")) == (0, 7)
    assert bench.guard.counts() == {"refused_batches": 1}
    assert "redis refused a batch" in caplog.text
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        bench.push()

    bench.look.delete(_GUARD_KEY)

    assert bench.push() == [("p", 1)]
    assert bench.count() == 10


def _operations_with_all_kinds() -> bytes:
    operations = Operations()
    operations.increment("window:{p}", 60, {"n": 1, "cost": 2})
    operations.increment(_COUNTS, 60, {"n": 5})
    operations.sketch("sketch:{p}", 60, 5, 0, {3: 4})
    operations.score("scores:{p}", 60, {"gpt": 9.0})
    operations.push("list:{p}", 60, 100, ["one", "two"])
    operations.calls("circuit:{p}", Calls("gpt", 0, 2, 2))
    return operations.encode()


def _kinds(client: redis.Redis) -> dict[str, Any]:
    """Return what each key that is not wrong-typed holds; a breaker's only its row of faults."""
    readers: dict[str, Callable[[str], Any]] = {
        "window:{p}": client.hgetall,
        _COUNTS: client.hgetall,
        "sketch:{p}": client.hgetall,
        "scores:{p}": lambda key: client.zrange(key, 0, -1, withscores=True),
        "list:{p}": lambda key: client.lrange(key, 0, -1),
        "circuit:{p}": lambda key: client.hget(key, "streak"),
    }
    return {key: read(key) for key, read in readers.items() if client.type(key) != b"string"}


_WHOLE = {
    "window:{p}": {b"n": b"1", b"cost": b"2"},
    _COUNTS: {b"n": b"5"},
    "sketch:{p}": {b"3": b"4"},
    "scores:{p}": [(b"gpt", 9.0)],
    "list:{p}": [b"two", b"one"],
    "circuit:{p}": b"2",
}


@pytest.mark.parametrize(
    ("key", "rejected"),
    [
        ("window:{p}", 2),
        (_COUNTS, 1),
        ("sketch:{p}", 1),
        ("scores:{p}", 1),
        ("list:{p}", 2),
        ("circuit:{p}", 1),
    ],
)
def test_a_key_of_a_wrong_type_costs_only_itself(
    bench: _Bench, caplog: pytest.LogCaptureFixture, key: str, rejected: int
) -> None:
    """What goes to a foreign key is refused, counted, logged with the key's name; all else applies exactly once."""
    bench.look.set(key, "mine")
    bench.enqueue(_operations_with_all_kinds())

    assert bench.push() == [("p", 1)]
    assert _kinds(bench.look) == {name: held for name, held in _WHOLE.items() if name != key}
    assert bench.look.get(key) == b"mine"
    assert bench.look.ttl(key) == -1
    assert bench.guard.counts() == {"rejected_increments": rejected, "fault:redis_key_refused": 1}
    assert f"redis key refused increments: {key}" in caplog.text


def test_a_counter_at_its_limit_is_refused_alone(bench: _Bench) -> None:
    """An increment past 2^63 - 1 is refused and counted; its neighbours apply."""
    bench.look.hset("window:{p}", "n", 2**63 - 1)
    bench.enqueue(_operations_with_all_kinds())
    bench.push()

    assert bench.look.hgetall("window:{p}") == {b"n": str(2**63 - 1).encode(), b"cost": b"2"}
    assert bench.count() == 5
    assert bench.guard.counts() == {"rejected_increments": 1, "fault:redis_key_refused": 1}


def test_a_script_that_fails_raises(redis_client: redis.Redis) -> None:
    """A single call raises what the server answered."""
    redis_client.set("index", "mine")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        Script("transition").call(redis_client, "index", 0, 60, "state", "OPEN")
