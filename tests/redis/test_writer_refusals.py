"""Tests of batches of which Redis refuses a part."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from tests.support.writer_bench import COUNTS, GUARD_KEY, WriterBench, payload, writer_bench
from tokenpulse.batches.numbered_batch import Group
from tokenpulse.batches.operations import Calls, Operations


@pytest.fixture
def bench(redis_url: str) -> Iterator[WriterBench]:
    """Give a writer to the shared Redis."""
    with writer_bench(redis_url) as bench:
        yield bench


def _operations_with_all_kinds() -> bytes:
    operations = Operations()
    operations.increment("window:{p}", 60, {"n": 1, "cost": 2})
    operations.increment(COUNTS, 60, {"n": 5})
    operations.sketch("sketch:{p}", 60, 5, 0, {3: 4})
    operations.score("scores:{p}", 60, {"gpt": 9.0})
    operations.push("list:{p}", 60, 100, ["one", "two"])
    operations.calls("circuit:{p}", "circuit_totals:{p}", Calls("gpt", 0, 2, 2))
    return operations.encode()


def _kinds(client: redis.Redis) -> dict[str, Any]:
    """Return what each key that is not wrong-typed holds; a breaker's only its row of faults."""
    readers: dict[str, Callable[[str], Any]] = {
        "window:{p}": client.hgetall,
        COUNTS: client.hgetall,
        "sketch:{p}": client.hgetall,
        "scores:{p}": lambda key: client.zrange(key, 0, -1, withscores=True),
        "list:{p}": lambda key: client.lrange(key, 0, -1),
        "circuit:{p}": lambda key: client.hget(key, "streak"),
    }
    return {key: read(key) for key, read in readers.items() if client.type(key) != b"string"}


_WHOLE = {
    "window:{p}": {b"n": b"1", b"cost": b"2"},
    COUNTS: {b"n": b"5"},
    "sketch:{p}": {b"3": b"4"},
    "scores:{p}": [(b"gpt", 9.0)],
    "list:{p}": [b"two", b"one"],
    "circuit:{p}": b"2",
}


def test_a_refused_group_holds_nobody_else_up(bench: WriterBench, caplog: pytest.LogCaptureFixture) -> None:
    """A guard key of a wrong type keeps its own group waiting, counted and logged; it applies after repair."""
    bench.look.set(GUARD_KEY, "mine")
    bench.enqueue(payload(10))
    bench.enqueue(payload(7, "counts:{g}"), Group("gateway", "g"), "guard:{g}")

    assert bench.push() == [("g", 1)]
    assert (bench.count(), bench.count("counts:{g}")) == (0, 7)
    assert bench.guard.counts() == {"refused_batches": 1}
    assert "redis refused a batch" in caplog.text
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        bench.push()

    bench.look.delete(GUARD_KEY)

    assert bench.push() == [("p", 1)]
    assert bench.count() == 10


@pytest.mark.parametrize(
    ("key", "rejected"),
    [
        ("window:{p}", 2),
        (COUNTS, 1),
        ("sketch:{p}", 1),
        ("scores:{p}", 1),
        ("list:{p}", 2),
        ("circuit:{p}", 1),
    ],
)
def test_a_key_of_a_wrong_type_costs_only_itself(
    bench: WriterBench, caplog: pytest.LogCaptureFixture, key: str, rejected: int
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


def test_a_counter_at_its_limit_is_refused_alone(bench: WriterBench) -> None:
    """An increment past 2^63 - 1 is refused and counted; its neighbours apply."""
    bench.look.hset("window:{p}", "n", 2**63 - 1)
    bench.enqueue(_operations_with_all_kinds())
    bench.push()

    assert bench.look.hgetall("window:{p}") == {b"n": str(2**63 - 1).encode(), b"cost": b"2"}
    assert bench.count() == 5
    assert bench.guard.counts() == {"rejected_increments": 1, "fault:redis_key_refused": 1}
